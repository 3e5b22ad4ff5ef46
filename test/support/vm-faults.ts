import { stat } from 'node:fs/promises';
import { execa } from 'execa';
import { vi } from 'vitest';
import type { Hold, RunHandle } from '../../src/client.ts';
import type { Shell } from '../../src/remote/shell.ts';
import { namesIn, type VmImprint } from './vm-imprint.ts';

const inGuest = { signal: new AbortController().signal, timeoutMs: 60_000 };

/** Something that the guest does at its next shutdown, after the seal. It lives in memory, so no image holds it. */
export async function atShutdown(shell: Shell, script: string): Promise<void> {
  await shell.upload(script, '/run/at-shutdown', { ...inGuest, mode: 0o755 });
  const properties = ['TimeoutStopSec=900', 'ExecStop=/bin/sh /run/at-shutdown'].map((text) => `--property=${text}`);
  await shell.run(
    'systemd-run',
    ['--quiet', '--remain-after-exit', '--unit=at-shutdown', ...properties, 'true'],
    inGuest,
  );
}

/** Undoes the seal, and the hook that would mend it. */
export const breakSeal = `
rm -f /lib/systemd/system-shutdown/imprint-seal
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
echo seed >/var/lib/systemd/random-seed
echo key >/etc/ssh/ssh_host_ed25519_key
echo 'ghost:x:1234:1234::/home/ghost:/bin/sh' >>/etc/passwd
mkdir -p /home/ghost
echo '/swapfile none swap sw 0 0' >>/etc/fstab
echo left >/var/tmp/left-over
sync
`;

/** Waits until a step has begun. */
export async function untilStep(imprint: VmImprint, run: RunHandle<unknown>, number: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const begun = (await imprint.catalog.runs.steps(run.id)).map((step) => step.number);
      if (!begun.includes(number)) throw new Error(`${run.id} has not come to step ${number}: ${begun.join(', ')}`);
    },
    { timeout: 300_000, interval: 200 },
  );
}

/** Waits until a run waits for an operator, at another hold than `after`. */
export async function untilHeld(imprint: VmImprint, run: RunHandle<unknown>, after?: Hold): Promise<Hold> {
  return await vi.waitFor(
    async () => {
      const hold = await imprint.catalog.holds.find(run.id);
      if (hold === undefined || hold.id === after?.id) throw new Error(`run ${run.id} is not held (again)`);
      return hold;
    },
    { timeout: 300_000, interval: 200 },
  );
}

/** Changes when a disk of the node was last written, and nothing in it. */
export async function touchDisk(imprint: VmImprint, node: string, disk: string): Promise<void> {
  const directory = imprint.directoryOf(node);
  const files = (await namesIn(directory)).filter((name) => name.endsWith(`${disk}.qcow2`));
  await execa('touch', files, { cwd: directory });
}

/** Damages one byte in the middle of a file without changing its size; twice: as it was. */
export async function flipByte(path: string): Promise<void> {
  const at = Math.floor((await stat(path)).size / 2);
  const place = ['bs=1', 'count=1', 'status=none'];
  const { stdout } = await execa('dd', [`if=${path}`, `skip=${String(at)}`, ...place], { encoding: 'buffer' });
  const input = Buffer.from([(stdout[0] ?? 0) ^ 0xff]);
  await execa('dd', [`of=${path}`, `seek=${String(at)}`, 'conv=notrunc', ...place], { input });
}
