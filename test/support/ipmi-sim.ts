import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ipmiSimLogin, startIpmiSim, stopIpmiSim } from '../../src/demo/ipmi-sim.ts';
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

export async function startMachineBehindIpmiSim(): Promise<IpmiSim> {
  const home = await mkdtemp(join(tmpdir(), 'imprint-ipmi-sim-'));
  const port = await freePort();
  const program = join(home, 'machine');
  for (const [name, content] of Object.entries({ machine: machine(home), power: '0', boot: 'none' }))
    await writeFile(join(home, name), content);
  await chmod(program, 0o755);
  await startIpmiSim({ directory: home, port, password: 'sesame', machine: program });
  const settings = { address: '127.0.0.1', port, ...ipmiSimLogin, passwordSecret: 'bmc', restSeconds: 0 };
  return {
    settings: { kind: 'ipmi', ...settings, confirmSeconds: 20 },
    done: async () => (await readFile(join(home, 'done'), 'utf8').catch(() => '')).split('\n').filter(Boolean),
    stop: async () => {
      await stopIpmiSim(home);
      await rm(home, { recursive: true, force: true });
    },
  };
}
