import { IntegrityError } from './errors.ts';

/** First line of a disk file of the simulated provisioning system; JSON follows. */
export const SIMULATED_DISK_MAGIC = 'imprint simulated disk 1';

/** What a disk of the simulated provisioning system holds. A real file of a few KiB stands for it in the library. */
export interface SimulatedDisk {
  readonly name: string;
  /** What it pretends to have and to use. */
  readonly virtualSizeBytes: number;
  readonly usedBytes: number;
  /** The system on it; only the boot disk has one. */
  readonly system?: SimulatedSystem;
}

export interface SimulatedSystem {
  /** Content by absolute path; directories are what paths begin with. */
  readonly files: Readonly<Record<string, string>>;
  readonly clean: boolean;
  readonly mountCount: number;
  /** ISO 8601, UTC; of the latest boot. */
  readonly lastMounted?: string;
}

export function formatSimulatedDisk(disk: SimulatedDisk): string {
  return `${SIMULATED_DISK_MAGIC}\n${JSON.stringify(disk)}\n`;
}

/** IntegrityError, naming `file`, when it is not one. */
export function parseSimulatedDisk(text: string, file: string): SimulatedDisk {
  const [magic, ...json] = text.split('\n');
  if (magic !== SIMULATED_DISK_MAGIC) throw new IntegrityError(`read ${file}: it is not a simulated disk`);
  try {
    return JSON.parse(json.join('\n')) as SimulatedDisk;
  } catch (cause) {
    throw new IntegrityError(`read the simulated disk ${file}`, { cause });
  }
}
