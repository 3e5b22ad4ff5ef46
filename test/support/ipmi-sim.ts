import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { vi } from 'vitest';
import { startDaemon } from './bmc-daemon.ts';
import { freePort } from './free-port.ts';

/** OpenIPMI's simulator of a controller; a script that keeps its state in files is the machine. */
export interface IpmiSim {
  /** Settings of the kind `ipmi`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What was done to the machine, in order: `set power 1`. */
  done(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const machine = (home: string): string => `#!/bin/sh
# Called as: machine 0x20 get|set power|boot|reset|shutdown [value]
shift
case "$1" in set) echo "$@" >> ${home}/done ;; esac
case "$1 $2" in
  'get power') echo "power:$(cat ${home}/power)" ;;
  'get boot') echo "boot:$(cat ${home}/boot)" ;;
  'set power') echo "$3" > ${home}/power ;;
  'set boot') echo "$3" > ${home}/boot ;;
  'set shutdown') echo 0 > ${home}/power ;;
esac
`;

const lan = (home: string, port: number): string => `name "sim"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${String(port)}
    priv_limit admin
    allowed_auths_admin md5
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "${home}/machine 0x20"
  user 2 true "admin" "sesame" admin 10 md5
`;

const controller = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
`;

export async function startIpmiSim(): Promise<IpmiSim> {
  const home = await mkdtemp(join(tmpdir(), 'imprint-ipmi-sim-'));
  const port = await freePort();
  const [configuration, emulation, state] = [join(home, 'lan.conf'), join(home, 'sim.emu'), join(home, 'state')];
  await mkdir(state);
  const files = {
    machine: machine(home),
    power: '0',
    boot: 'none',
    'lan.conf': lan(home, port),
    'sim.emu': controller,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(home, name), content);
  await chmod(join(home, 'machine'), 0o755);
  const args = ['-n', '-c', configuration, '-f', emulation, '-s', state];
  const daemon = startDaemon({ file: 'ipmi_sim', args, log: join(home, 'log') });
  const settings = { address: '127.0.0.1', port, user: 'admin', passwordSecret: 'bmc', cipherSuite: 3, restSeconds: 0 };
  const known = ['-I', 'lanplus', '-H', '127.0.0.1', '-p', String(port), '-U', 'admin', '-E', '-C', '3', '-N', '1'];
  const env = { IPMI_PASSWORD: 'sesame' };
  const look = () => execa('ipmitool', [...known, '-R', '1', 'chassis', 'power', 'status'], { env });
  await vi.waitFor(look, { timeout: 20_000, interval: 200 });
  return {
    settings: { kind: 'ipmi', ...settings, confirmSeconds: 20 },
    done: async () => (await readFile(join(home, 'done'), 'utf8').catch(() => '')).split('\n').filter(Boolean),
    stop: async () => {
      await daemon.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
