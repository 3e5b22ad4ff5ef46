import type { CallContext } from '../domain/call-context.ts';
import { ImprintError, errorChain } from '../domain/errors.ts';
import type { Requirement } from '../domain/requirement.ts';
import { systemPackages, type SystemNeed, type SystemPackage } from '../domain/system-packages.ts';
import { findCommands } from '../remote/find-commands.ts';
import type { Shell } from '../remote/shell.ts';

/** Where tools are looked for. `where` is how a person names it: `host kvm-2`. */
export interface ToolPlace {
  readonly shell: Shell;
  readonly where: string;
}

/** The commands that these needs name, as they are found on a host, each with the Debian package that brings it. A host that does not answer is one line. */
export async function toolRequirements(
  place: ToolPlace,
  needs: readonly SystemNeed[],
  context: CallContext,
): Promise<readonly Requirement[]> {
  const wanted = needs.flatMap((need) => [...systemPackages[need]]);
  return await packageRequirements(place, wanted, context);
}

/** The same for commands that the settings name. */
export async function packageRequirements(
  { shell, where }: ToolPlace,
  wanted: readonly SystemPackage[],
  context: CallContext,
): Promise<readonly Requirement[]> {
  const names = wanted.map(({ shownBy }) => shownBy);
  try {
    const found = await findCommands(shell, names, context);
    return wanted.map(({ shownBy: what, package: name }) => {
      const path = found.get(what);
      const remedy = `on ${where}: apt-get install ${name}`;
      return path === undefined
        ? { where, what, found: 'not installed', ok: false, remedy }
        : { where, what, found: path, ok: true };
    });
  } catch (error) {
    return [unreached({ where, what: 'a shell' }, error, context)];
  }
}

/** What could not be looked at is a requirement that is not met. Anything but an error of ours passes through. */
export function unreached(
  { where, what }: Pick<Requirement, 'where' | 'what'>,
  error: unknown,
  context: CallContext,
): Requirement {
  context.signal.throwIfAborted();
  if (!(error instanceof ImprintError)) throw error;
  return { where, what, found: errorChain(error), ok: false, remedy: `mend what is said there, then look again` };
}
