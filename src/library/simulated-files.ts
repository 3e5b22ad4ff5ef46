import type { CallContext } from '../domain/call-context.ts';
import { parseSimulatedDisk, type SimulatedSystem } from '../domain/simulated-disk.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import type { OpenDiskFiles } from './disk-to-open.ts';

const EMPTY: SimulatedSystem = { files: {}, clean: false, mountCount: 0 };

/** The files that a simulated disk holds as JSON. */
export async function openSimulatedFiles(
  place: LibraryPlace,
  file: string,
  context: CallContext,
): Promise<OpenDiskFiles> {
  const content = await place.shell.download(file, { signal: context.signal, timeoutMs: 60_000 });
  const { system = EMPTY } = parseSimulatedDisk(Buffer.from(content).toString('utf8'), file);
  return {
    read: async (path) => system.files[path],
    list: async (path) => namesIn(system, path),
    fileSystem: async () => ({
      type: 'simulated',
      clean: system.clean,
      mountCount: system.mountCount,
      ...(system.lastMounted === undefined ? {} : { lastMounted: system.lastMounted }),
    }),
    close: async () => undefined,
  };
}

function namesIn(system: SimulatedSystem, directory: string): readonly string[] | undefined {
  const prefix = directory.endsWith('/') ? directory : `${directory}/`;
  const below = Object.keys(system.files).filter((path) => path.startsWith(prefix));
  if (below.length === 0) return undefined;
  return [...new Set(below.map((path) => path.slice(prefix.length).split('/')[0] ?? ''))];
}
