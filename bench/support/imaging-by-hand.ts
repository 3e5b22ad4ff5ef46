import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeArchive } from '../../src/imaging/environment/archive.ts';
import type { BuiltEnvironment } from '../../src/imaging/environment/build.ts';
import { emulatedKernel } from '../../src/platform/guest/emulated-kernel.ts';
import { cardOfMachine, hostAddress, startMachine, type ImagingMachine } from './imaging-machine.ts';

/** What an administrator types on a machine that was booted from a live system, in the same kernel, with the same programs. */
const commands = {
  capture: 'partclone.extfs -c -s /dev/vda3 -o - -L /run/log | zstd -q -3 -c | curl -sS -T - "$server/image"',
  load: 'curl -sS "$server/image" | zstd -dqc | partclone.extfs -r -s - -o /dev/vda3 -L /run/log && sync',
} as const;

export type Way = keyof typeof commands;

/** Seconds from the first command to the end of the last, over the link that Imprint's own environment uses. */
export async function byHand(
  directory: string,
  { environment, disk, way }: { readonly environment: BuiltEnvironment; readonly disk: string; readonly way: Way },
): Promise<number> {
  const times = new Map<string, number>();
  const server = createServer((request, response) => {
    serve(join(directory, 'by-hand.zst'), times, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let machine: ImagingMachine | undefined;
  try {
    const initrd = await withScript(directory, environment, way);
    const place = `server=http://${hostAddress}:${portOf(server)}`;
    const parameters = ['rdinit=/by-hand', 'quiet', 'console=ttyS0', place, ...emulatedKernel].join(' ');
    machine = await startMachine(directory, disk, { from: 'kernel', kernel: environment.kernel, initrd, parameters });
    await machine.off();
  } finally {
    machine?.kill();
    server.close();
  }
  const [begin, end] = [times.get('/begin'), times.get('/end')];
  if (begin === undefined || end === undefined) throw new Error(await readFile(join(directory, 'console'), 'latin1'));
  return (end - begin) / 1000;
}

function portOf(server: Server): string {
  return String((server.address() as AddressInfo).port);
}

async function serve(
  file: string,
  times: Map<string, number>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  times.set(request.url ?? '', performance.now());
  if (request.method === 'PUT') await pipeline(request, createWriteStream(file));
  if (request.url === '/image' && request.method === 'GET') await pipeline(createReadStream(file), response);
  else response.end();
}

/** The environment with another first process. The kernel unpacks both archives, one after the other. */
async function withScript(directory: string, { initrd }: BuiltEnvironment, way: Way): Promise<string> {
  const script = (await readFile(new URL('by-hand.sh', import.meta.url), 'utf8'))
    .replace('COMMAND', commands[way])
    .replace('CARD', cardOfMachine);
  const added = makeArchive([{ path: 'by-hand', kind: 'file', content: Buffer.from(script), executable: true }]);
  const whole = join(directory, 'initrd');
  await writeFile(whole, Buffer.concat([added, await readFile(initrd)]));
  return whole;
}
