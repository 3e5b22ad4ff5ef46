import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { IntegrityError } from '../../domain/errors.ts';

/** A chunk of 64 MiB takes less than a second; what a crafted one makes zstd want is refused. */
const LIMITS = ['--as=1073741824', '--cpu=120'];

/** The content came from a machine whose users nobody knows: root gives its rights away first. */
const DECOMPRESS = `
if [ "$(id -u)" = 0 ]; then
  set -- setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --inh-caps=-all -- "$@"
fi
exec "$@"
`;

/**
 * The bytes that zstd compressed, piece by piece. IntegrityError when they are not of zstd, or not the expected number; nothing more than that number is
 * ever given.
 */
export async function* decompress(stored: Uint8Array, bytes: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  const args = ['-c', DECOMPRESS, 'imprint-zstd', 'prlimit', ...LIMITS, '--', 'zstd', '-dcq'];
  const child = spawn('sh', args, { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/', signal });
  const ended = once(child, 'close') as Promise<[number | null]>;
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => (complaint = `${complaint}${text.toString()}`.slice(-500)));
  // Who stops reading early is told so by the exit status.
  child.stdin.on('error', () => undefined);
  child.stdin.end(stored);
  let given = 0;
  try {
    for await (const piece of child.stdout as AsyncIterable<Buffer>) {
      given += piece.length;
      if (given > bytes) throw new IntegrityError(`decompress a chunk: it holds more than ${String(bytes)} bytes`);
      yield piece;
    }
    const [code] = await ended;
    if (code === 0 && given === bytes) return;
    throw new IntegrityError(`decompress a chunk: ${complaint.trim() || 'it is not what its header says'}`, {
      evidence: { exitCode: code, expectedBytes: bytes, foundBytes: given },
    });
  } finally {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
  }
}
