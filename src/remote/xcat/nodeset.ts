/** What a node boots next: `boot` (its disk), `netboot`, `install`, `image`, `offline` …, with what follows the first word. */
export interface BootTarget {
  readonly state: string;
  readonly detail: string;
  readonly raw: string;
}

/** Reads what `nodeset` printed of a node: `netboot debian12-x86_64-compute`. A set prints the profile's name, not the image's that was asked for. */
export function parseBootTarget(text: string): BootTarget {
  const raw = text.trim();
  const [state = '', ...detail] = raw.split(/\s+/);
  return { state, detail: detail.join(' '), raw };
}
