import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { once } from 'node:events';

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

/** Speaks with a running QEMU through its socket (QEMU Machine Protocol). */
export interface Qmp {
  command(execute: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): void;
}

export async function openQmp(path: string): Promise<Qmp> {
  const socket = connect(path);
  await once(socket, 'connect');
  const waiting: ((answer: Answer) => void)[] = [];
  createInterface({ input: socket }).on('line', (line) => {
    const answer = JSON.parse(line) as Answer;
    // Events and the greeting are no answers.
    if ('return' in answer || 'error' in answer) waiting.shift()?.(answer);
  });
  const command: Qmp['command'] = async (execute, args = {}) => {
    const answer = new Promise<Answer>((resolve) => waiting.push(resolve));
    socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    const { error, return: result } = await answer;
    if (error !== undefined) throw new Error(`QEMU refused ${execute}: ${error.desc}`);
    return result;
  };
  await command('qmp_capabilities');
  return { command, close: () => socket.destroy() };
}
