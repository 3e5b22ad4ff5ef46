import { access } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { UnavailableError } from '../domain/errors.ts';
import { findCommand } from './commands.ts';
import { libvirtAnswers } from './libvirt-daemons.ts';
import type { ProgressReporter } from './progress.ts';

const uri = 'qemu:///system';
const startLimitMs = 120_000;

/**
 * The system's own libvirt. Where it does not answer and no service manager could start it (a container), its daemons are started by hand,
 * and they are left running: they are the system's. Throws UnavailableError with the command to run otherwise.
 */
export async function useSystemLibvirt(report: ProgressReporter): Promise<string> {
  if (await libvirtAnswers(uri)) return uri;
  if (await hasSystemd()) {
    throw new UnavailableError(`could not reach ${uri}; run: sudo systemctl start libvirtd`);
  }
  await report.during("Starting the system's libvirt", startByHand);
  return uri;
}

/** sd_booted(3): the directory exists exactly where systemd is the service manager. */
async function hasSystemd(): Promise<boolean> {
  return await access('/run/systemd/system').then(
    () => true,
    () => false,
  );
}

async function startByHand(): Promise<void> {
  for (const daemon of ['virtlogd', 'libvirtd']) {
    const result = await execa((await findCommand(daemon)) ?? daemon, ['-d'], { reject: false, stdio: 'ignore' });
    if (result.failed) throw new UnavailableError(`could not start ${daemon}`, { cause: result });
  }
  const deadline = Date.now() + startLimitMs;
  while (!(await libvirtAnswers(uri))) {
    if (Date.now() > deadline) throw new UnavailableError(`could not reach ${uri} after its daemons were started`);
    await delay(200);
  }
}
