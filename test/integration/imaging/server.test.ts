import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CapacityError, UnavailableError } from '../../../src/domain/errors.ts';
import { chunkEndsOrder } from '../../../src/imaging/machine-desk.ts';
import { cardsIn } from '../../../src/imaging/neighbours.ts';
import { placeOrder, readProgress, stopOrder, withdrawOrder } from '../../../src/imaging/order-directory.ts';
import type { ImagingOrder } from '../../../src/imaging/order.ts';
import { openChunkFile } from '../../../src/library/chunks/chunk-file.ts';
import { listFrames } from '../../../src/library/chunks/frames.ts';
import { encodeLayout, layoutOf } from '../../support/chunk-disk.ts';
import { startImagingBench, type ImagingBench } from '../../support/imaging-server.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';

const MiB = 1024 ** 2;
const mac = '52:54:00:00:00:0a';
const name = { run: 'captureImage/lab-07/1', step: 'capture-disks' };

let bench: ImagingBench;
const file = (): string => join(bench.directory, 'vda.chunks');
const order = (change: Partial<ImagingOrder> = {}): ImagingOrder => ({
  ...{ ...name, epoch: 1, node: 'lab-07', macAddresses: [mac] },
  work: { kind: 'capture', disks: [{ name: 'vda', select: { serial: 'S' }, file: file() }] },
  ...change,
});
const facts = (): string =>
  `\n=== disk\t/dev/vda\t254:0\t${4 * MiB}\t512\tS\n=== table\t/dev/vda\n=== probe\t/dev/vda\nUUID=none\nTYPE=unheard\n=== end\n`;

interface Asked {
  readonly session?: string;
  readonly body?: Buffer | string;
  readonly method?: string;
  readonly from?: string;
}

/** The machine, with the program that the environment uses. */
async function curl(path: string, { session = '', body, method = 'GET', from = '127.0.0.1' }: Asked = {}) {
  const data = join(bench.directory, 'body');
  writeFileSync(data, body ?? '');
  const how = body === undefined ? [] : ['-T', data];
  const args = ['-s', '--max-time', '20', '--interface', from, '--cacert', join(bench.directory, 'authority.crt')];
  const asked = ['-H', `Authorization: Bearer ${session}`, '-X', method, '-w', '\n%{http_code}', `${bench.api}${path}`];
  const { stdout } = await execa('curl', [...args, ...how, ...asked]);
  const at = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(at + 1)), text: stdout.slice(0, at) };
}
const introduce = async (token: string, secret: string, { card = mac, from = '127.0.0.1' } = {}): Promise<number> =>
  (await curl('/session', { body: `${token}\n${secret}\n${card}\n`, method: 'POST', from })).status;
const next = async (secret: string): Promise<string> => (await curl('/next', { session: secret })).text.trim();
const session = async (letter: string): Promise<string> => {
  const secret = letter.repeat(64);
  expect(await introduce((await bench.boot(mac)).token, secret)).toBe(200);
  return secret;
};
const stored = execFileSync('zstd', ['-qc'], { input: Buffer.alloc(4 * MiB, 7) });
const sha256 = createHash('sha256').update(stored).digest('hex');
const put = async (secret: string, { epoch = 1, digest = sha256, body = stored } = {}): Promise<number> =>
  (await curl(`/chunk?disk=0&offset=0&sha256=${digest}&epoch=${epoch}`, { session: secret, body, method: 'PUT' }))
    .status;
const tell = async (secret: string, epoch: number): Promise<number> =>
  (await curl(`/facts?epoch=${epoch}`, { session: secret, body: facts(), method: 'POST' })).status;

beforeAll(async () => {
  if (whyUnavailable('imaging') === undefined) bench = await startImagingBench();
});

afterAll(async () => {
  if (whyUnavailable('imaging') !== undefined) return;
  await bench.server.close();
  rmSync(bench.directory, { recursive: true, force: true });
});

describe('the imaging server', () => {
  it('sends a machine that no order names to its disk, and gives it no environment and no token', async (context) => {
    skipWithout(context, 'imaging');
    expect(await bench.boot(mac)).toEqual({ script: '#!ipxe\nexit\n', token: '' });
    await placeOrder(bench.library, order());
    expect((await bench.boot('52:54:00:00:00:0b')).script).toBe('#!ipxe\nexit\n');
    expect((await bench.boot(mac)).script).toContain('/environment/c0ffee/kernel');
  });

  it('serves nothing of an image over plain HTTP, and the authority before the initramfs', async (context) => {
    skipWithout(context, 'imaging');
    for (const path of ['/chunk?disk=0&offset=0', '/chunks', '/next', '/environment/0/kernel', '/..%2forders'])
      expect((await fetch(`${bench.base}${path}`)).status, path).toBe(404);
    const initrd = Buffer.from(await (await fetch(`${bench.base}/environment/c0ffee/initrd`)).arrayBuffer());
    expect(initrd.subarray(0, 6).toString()).toBe('070701');
    expect(initrd.includes(readFileSync(join(bench.directory, 'authority.crt')))).toBe(true);
    expect(initrd.subarray(-6).toString()).toBe('initrd');
  });

  it('exchanges a token once: repeated by the same machine it is the same, replayed it is refused', async (context) => {
    skipWithout(context, 'imaging');
    const { token } = await bench.boot(mac);
    expect(await introduce(token, 'a'.repeat(64), { card: '52:54:00:00:00:0b' })).toBe(401);
    expect(await introduce('another', 'a'.repeat(64))).toBe(401);
    expect(await introduce(token, 'short')).toBe(401);
    expect(await introduce(token, 'a'.repeat(64))).toBe(200);
    expect(await introduce(token, 'a'.repeat(64))).toBe(200);
    expect(await introduce(token, 'b'.repeat(64))).toBe(401);
    expect((await curl('/next', { session: 'b'.repeat(64) })).status).toBe(401);
    expect(await next('a'.repeat(64))).toBe('1\tfacts\tvolumes');
  });

  it('refuses a token and a session from another address', async (context) => {
    skipWithout(context, 'imaging');
    const { token } = await bench.boot(mac);
    expect(await introduce(token, 'c'.repeat(64), { from: '127.0.0.2' })).toBe(401);
    const secret = await session('c');
    expect((await curl('/next', { session: secret, from: '127.0.0.2' })).status).toBe(401);
    expect(await next(secret)).toBe('1\tfacts\tvolumes');
  });

  it('gives nothing to a host that names the card of another one, and does not send it to its disk', async (context) => {
    skipWithout(context, 'imaging');
    const { token } = await bench.boot(mac);
    bench.elsewhere.add(mac);
    expect(await introduce(token, 'p'.repeat(64))).toBe(401);
    const answer = await fetch(`${bench.base}/boot/${mac.replaceAll(':', '-')}`);
    expect([answer.status, await answer.text()]).toEqual([401, expect.stringContaining('is not there')]);
    bench.elsewhere.clear();
    expect(await introduce(token, 'p'.repeat(64))).toBe(200);
  });

  it('says in the order that there is no environment, and does not take its machine for heard of', async (context) => {
    skipWithout(context, 'imaging');
    const broken = await startImagingBench(
      async () => await Promise.reject(new UnavailableError('build it: no mirror')),
    );
    await placeOrder(broken.library, order());
    expect((await broken.boot(mac)).token).toBe('');
    const words = expect.stringContaining('no mirror');
    expect(await readProgress(broken.library, name)).toMatchObject({ state: 'waiting', at: 0, words });
    await broken.server.close();
    rmSync(broken.directory, { recursive: true, force: true });
  });

  it('reads of the neighbour table whose card answers', () => {
    const [here, gone] = ['10.9.0.17 dev eth1 lladdr 52:54:00:12:34:56 REACHABLE', '10.9.0.18 dev eth1  FAILED'];
    expect(cardsIn(`${here}\n${gone}\n`)).toEqual(['52:54:00:12:34:56']);
    expect(cardsIn('')).toEqual([]);
  });

  it('keeps no secret on the disk', async (context) => {
    skipWithout(context, 'imaging');
    const { token } = await bench.boot(mac);
    const secret = 'd'.repeat(64);
    await introduce(token, secret);
    const orders = join(bench.library, '.imaging/orders');
    const files = readdirSync(orders, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(1);
    for (const entry of files) {
      const path = join(entry.parentPath, entry.name);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(readFileSync(path, 'utf8')).not.toContain(token);
      expect(readFileSync(path, 'utf8')).not.toContain(secret);
    }
  });

  it('ends the session before when the machine was reset', async (context) => {
    skipWithout(context, 'imaging');
    const before = await session('e');
    const after = await session('f');
    expect((await curl('/next', { session: before })).status).toBe(401);
    expect((await curl('/next', { session: after })).status).toBe(200);
  });

  it('takes a chunk whose bytes are of its sha256, once, in the epoch of the order', async (context) => {
    skipWithout(context, 'imaging');
    const secret = await session('g');
    expect(await put(secret)).toBe(409);
    expect(await tell(secret, 1)).toBe(200);
    expect(await next(secret)).toBe('1\tread');
    expect((await curl('/chunks', { session: secret })).text).toBe(`/dev/vda\t0\t0\t${4 * MiB}\t0,${4 * MiB}\n`);
    expect(await put(secret, { digest: '0'.repeat(64) })).toBe(422);
    expect(await put(secret, { body: stored.subarray(1) })).toBe(422);
    expect(await put(secret, { epoch: 2 })).toBe(409);
    expect(await put(secret)).toBe(200);
    expect(await put(secret)).toBe(200);
    expect((await listFrames(file())).frames).toHaveLength(1);
    expect((await curl('/chunks', { session: secret })).text).toBe('');
    expect(await next(secret)).toBe('1\toff');
    expect(await readProgress(bench.library, name)).toMatchObject({ state: 'done', bytesDone: 4 * MiB });
  });

  it('goes on with a file that a break has torn, under a higher epoch', async (context) => {
    skipWithout(context, 'imaging');
    await withdrawOrder(bench.library, { ...name, epoch: 1 });
    appendFileSync(file(), 'IMPCHNK1 torn');
    await placeOrder(bench.library, order({ epoch: 2 }));
    await expect(placeOrder(bench.library, order({ epoch: 1 }))).rejects.toThrow(/later attempt/);
    const secret = await session('h');
    await tell(secret, 2);
    expect(await next(secret)).toBe('2\toff');
    expect((await listFrames(file())).frames).toHaveLength(1);
  });

  it('ends an order whose disk is not as it was recorded, before it is read', async (context) => {
    skipWithout(context, 'imaging');
    await withdrawOrder(bench.library, { ...name, epoch: 2 });
    const expected = [{ name: 'vda', fileSystems: [{ uuid: 'aaaa', type: 'ext4' }] }];
    const [disk] = (order().work as Extract<ImagingOrder['work'], { kind: 'capture' }>).disks;
    await placeOrder(bench.library, order({ work: { kind: 'capture', disks: [disk!], expected } }));
    const secret = await session('i');
    expect(await tell(secret, 1)).toBe(409);
    expect(await next(secret)).toBe('1\toff');
    const progress = await readProgress(bench.library, name);
    expect(progress).toMatchObject({ state: 'failed', words: expect.stringContaining('changed') });
  });

  it('sends a machine whose order was stopped off, also in the middle of its work, and never to its disk', async (context) => {
    skipWithout(context, 'imaging');
    await withdrawOrder(bench.library, { ...name, epoch: 1 });
    await placeOrder(bench.library, order());
    const secret = await session('n');
    await tell(secret, 1);
    await stopOrder(bench.library, { ...name, epoch: 1 }, 'its run takes it back');
    expect(await put(secret)).toBe(409);
    expect(await next(secret)).toBe('1\toff');
    expect((await bench.boot(mac)).script).toContain('/environment/c0ffee/kernel');
    expect(await next(await session('o'))).toBe('1\toff');
  });

  it('ends what a machine does when its order is withdrawn, and withdraws nothing twice', async (context) => {
    skipWithout(context, 'imaging');
    const secret = await session('j');
    await withdrawOrder(bench.library, { ...name, epoch: 1 });
    await withdrawOrder(bench.library, { ...name, epoch: 1 });
    expect((await curl('/next', { session: secret })).status).toBe(401);
    expect((await bench.boot(mac)).script).toBe('#!ipxe\nexit\n');
  });

  it.each(['GET // HTTP/1.1', 'GET http:// HTTP/1.1'])('answers %s, and goes on', async (line) => {
    if (whyUnavailable('imaging') !== undefined) return;
    const port = bench.server.httpsPort;
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    socket.end(`${line}\r\nHost: machine\r\nConnection: close\r\n\r\n`);
    expect((await buffer(socket)).toString()).toMatch(/^HTTP\/1\.1 422 /);
    expect(bench.complaints.at(-1)).toMatch(/is no path/);
    expect((await curl('/next')).status).toBe(401);
  });

  it('fails an order whose library is full, in words that say so', async () => {
    const error = new CapacityError('write a chunk: there is no space left');
    expect(chunkEndsOrder(error)).toBe(true);
    expect(chunkEndsOrder(new UnavailableError('write a chunk: later'))).toBe(false);
  });

  it('gives the files of a capture back that could not begin, and those of an order that is gone', async (context) => {
    skipWithout(context, 'imaging');
    const other = join(bench.directory, 'other.chunks');
    const foreign = await openChunkFile(other);
    await foreign.begin(encodeLayout(layoutOf(1, MiB)));
    await foreign.close();
    await placeOrder(bench.library, order({ work: { kind: 'capture', disks: [{ name: 'vda', select: { serial: 'S' }, file: other }] } })); // prettier-ignore
    const secret = await session('k');
    await tell(secret, 1);
    expect((await curl('/next', { session: secret })).status).toBe(409);
    await (await openChunkFile(other)).close();
    await withdrawOrder(bench.library, { ...name, epoch: 1 });

    const gone = join(bench.directory, 'gone.chunks');
    await placeOrder(bench.library, order({ work: { kind: 'capture', disks: [{ name: 'vda', select: { serial: 'S' }, file: gone }] } })); // prettier-ignore
    const reading = await session('l');
    await tell(reading, 1);
    expect(await next(reading)).toBe('1\tread');
    await expect(openChunkFile(gone)).rejects.toThrow(/somebody else writes/);
    await withdrawOrder(bench.library, { ...name, epoch: 1 });
    await placeOrder(bench.library, order({ run: 'another' }));
    await next(await session('m'));
    await (await openChunkFile(gone)).close();
    await withdrawOrder(bench.library, { ...name, run: 'another', epoch: 1 });
  });

  it('refuses an order for a card that another open order names', async (context) => {
    skipWithout(context, 'imaging');
    await placeOrder(bench.library, order());
    await expect(placeOrder(bench.library, order({ run: 'other' }))).rejects.toThrow(/is named by an open order/);
    await expect(placeOrder(bench.library, order({ macAddresses: ['nonsense'] }))).rejects.toThrow(/macAddresses/);
  });
});
