/** What differs between families of distributions; all else is the same on every Linux with systemd. */
export interface Distribution {
  readonly name: string;
  /** A word of `ID` or `ID_LIKE` in /etc/os-release. */
  readonly id: string;
  /**
   * Shell functions `package_cache`, `network` and `initramfs`, in the manner of task-report.ts. `network` makes sure that the system gets an
   * address on other cards, `initramfs MODULES` that it finds its disk on other hardware, with the modules that the site wants.
   */
  readonly functions: string;
}

/** Exit status for a distribution that nobody has described (EX_CONFIG of sysexits.h). */
export const unknownDistributionStatus = 78;

/** Shell: defines the functions of the distribution that runs here, or ends with `unknownDistributionStatus`. */
export function chooseDistribution(distributions: readonly Distribution[]): string {
  const cases = distributions.map(({ id, functions }) => `  *' ${id} '*)\n${functions}\n  ;;`);
  return `
ID= ID_LIKE=
[ ! -r /etc/os-release ] || . /etc/os-release
case " $ID $ID_LIKE " in
${cases.join('\n')}
  *) echo "unknown distribution: $ID" >&2; exit ${String(unknownDistributionStatus)} ;;
esac
`;
}
