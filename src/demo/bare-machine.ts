import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { CommandFailedError } from '../domain/errors.ts';
import { hostKeysOnConsole } from '../os/linux/first-boot.ts';
import { quoteCommand } from '../remote/quote.ts';
import { qemuArguments, type BareHardware } from './bare-hardware.ts';
import { until } from './until.ts';

/** A machine that has nothing but firmware, a disk and a network card. A program is its power switch, for a controller in front of it. */
export interface BareMachine {
  /** Called with `0x20 get|set power|boot|reset|shutdown [value]`, as OpenIPMI's simulator calls it. */
  readonly program: string;
  /** The host keys that its system prints at its boot; waits for them. DeadlineError after ten minutes. */
  hostKeys(): Promise<readonly string[]>;
  /** What its reset button does. */
  reset(): Promise<void>;
}

/** Emulated, and while others work on the same processors, a boot takes minutes. */
const BOOT_MS = 10 * 60_000;

/** Makes a machine that is off, in a directory of its own. It outlives this process; its network is QEMU's own, so that it needs no rights. */
export async function makeBareMachine(directory: string, hardware: BareHardware): Promise<BareMachine> {
  const program = join(directory, 'machine');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await execa('mkfifo', [join(directory, 'monitor.in'), join(directory, 'monitor.out')]);
  await writeFile(join(directory, 'boot'), 'none\n');
  await writeProgram(program, MACHINE);
  for (const from of ['disk', 'network'] as const) {
    const line = quoteCommand('qemu-system-x86_64', qemuArguments(directory, hardware, from));
    await writeProgram(join(directory, `start-from-${from}`), `#!/bin/sh\nexec ${line}\n`);
  }
  return {
    program,
    hostKeys: async () =>
      await until(`${hardware.name} has printed its host keys`, async () => await readHostKeys(directory), BOOT_MS),
    reset: async () => {
      await execa(program, ['0x20', 'set', 'reset', '1']);
    },
  };
}

/** Takes its cord out. Of one that is off, or that was never made: success. */
export async function endBareMachine(directory: string): Promise<void> {
  const result = await execa(join(directory, 'machine'), ['0x20', 'set', 'power', '0'], { reject: false });
  if (!result.failed || result.code === 'ENOENT') return;
  throw new CommandFailedError(`end the machine in ${directory}: its program failed`, { cause: result });
}

async function readHostKeys(directory: string): Promise<readonly string[] | undefined> {
  return hostKeysOnConsole(await readFile(join(directory, 'console'), 'latin1'));
}

async function writeProgram(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}

/**
 * A process number is given out again: the machine is on only while that process has this very file as its argument. What was chosen to boot from stays
 * until something else is chosen, as with flags that a controller keeps.
 */
const MACHINE = `#!/bin/sh
# Called as: machine 0x20 get|set power|boot|reset|shutdown [value]
home=\${0%/*}
is_on() {
  pid=$(cat "$home/pid" 2>/dev/null) && grep -qF -- "$home/pid" "/proc/$pid/cmdline" 2>/dev/null
}
start() {
  case $(cat "$home/boot") in pxe) from=network ;; *) from=disk ;; esac
  "$home/start-from-$from" </dev/null >>"$home/log" 2>&1
}
end() {
  tries=0
  while is_on; do
    tries=$((tries + 1))
    [ $tries -le 200 ] || { echo "process $pid does not end" >&2; return 1; }
    kill -9 "$pid" 2>/dev/null
    sleep 0.05
  done
}
case "$2 $3 $4" in
  'get power '*) if is_on; then echo power:1; else echo power:0; fi ;;
  'get boot '*) echo "boot:$(cat "$home/boot")" ;;
  'set boot '*) echo "$4" >"$home/boot" ;;
  'set power 0') end ;;
  'set power '*) is_on || start ;;
  'set reset '*) if is_on; then end && start; fi ;;
  'set shutdown '*) if is_on; then echo system_powerdown >"$home/monitor.in"; fi ;;
esac
`;
