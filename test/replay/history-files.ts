import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An event as Temporal's JSON has it; only what is looked at here. */
export interface HistoryEvent {
  readonly eventType: string;
  readonly activityTaskScheduledEventAttributes?: {
    readonly activityId: string;
    readonly activityType: { readonly name: string };
  };
  readonly [key: string]: unknown;
}

/** A history that lies in a file: `histories/captureImage/left-off.json`. */
export interface RecordedHistory {
  readonly workflow: string;
  readonly name: string;
  readonly history: { readonly events: readonly HistoryEvent[] };
}

/** What stands in every history for the directory in which it was recorded: it is the same on every machine. */
export const recordedIn = '/tmp/imprint-histories';

/** Takes out what tells about the machine: the names of processes, the paths in stack traces, and `directory`, in payloads too. */
export function scrub<T>(value: T, directory: string): T {
  const neutral = (text: string): string => text.replaceAll(directory, recordedIn);
  return JSON.parse(
    JSON.stringify(value, (key, found: unknown) => {
      if (key === 'stackTrace') return '';
      if (key === 'identity') return 'recorder';
      if (typeof found !== 'string') return found;
      return key === 'data' ? inPayload(found, neutral) : neutral(found);
    }),
  ) as T;
}

/** A payload's bytes are base64 in Temporal's JSON. */
function inPayload(base64: string, change: (text: string) => string): string {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const changed = change(text);
  return changed === text ? base64 : Buffer.from(changed).toString('base64');
}

/** One event a line, so that a new recording can be compared with the old one. */
export function formatHistory({ events }: RecordedHistory['history']): string {
  return `{"events":[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}

/** All that was recorded below a folder of this directory (`histories`, `released/0.1.0`), by workflow and name. */
export async function readHistories(folder: string): Promise<readonly RecordedHistory[]> {
  const root = fileURLToPath(new URL(folder, import.meta.url));
  const files = (await readdir(root, { recursive: true })).filter((file) => /\/.*\.json$/.test(file)).sort();
  return await Promise.all(
    files.map(async (file) => {
      const [workflow = '', name = ''] = file.replace(/\.json$/, '').split('/');
      return {
        workflow,
        name,
        history: JSON.parse(await readFile(join(root, file), 'utf8')) as RecordedHistory['history'],
      };
    }),
  );
}
