import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { startDetached, stopProcess } from '../platform/process-file.ts';
import { quoteArgument } from '../remote/quote.ts';
import { until } from './until.ts';

export interface IpmiSimRequest {
  /** Made where it is missing: its configuration, its log. */
  readonly directory: string;
  readonly port: number;
  readonly password: string;
  /** The program that is the machine. Called with `0x20 get|set power|boot|reset|shutdown [value]`; it answers `power:1`, `boot:pxe`. */
  readonly machine: string;
}

/** How OpenIPMI's simulator is logged in to: the account `admin`, by RAKP-HMAC-SHA1. */
export const ipmiSimLogin = { user: 'admin', cipherSuite: 3 } as const;

/** Starts OpenIPMI's simulator of a controller on the loopback, in front of a machine, and waits until it answers. It outlives this process; one that does not answer is ended. */
export async function startIpmiSim({ directory, port, password, machine }: IpmiSimRequest): Promise<void> {
  const [lan, emulation, state] = [join(directory, 'lan.conf'), join(directory, 'sim.emu'), join(directory, 'state')];
  await mkdir(state, { recursive: true, mode: 0o700 });
  await writeFile(lan, lanText(port, password, machine), { mode: 0o600 });
  await writeFile(emulation, controller);
  await startDetached({
    file: 'ipmi_sim',
    args: ['-n', '-c', lan, '-f', emulation, '-s', state],
    logFile: join(directory, 'log'),
    processFile: processFile(directory),
  });
  const known = ['-I', 'lanplus', '-H', '127.0.0.1', '-p', String(port), '-U', ipmiSimLogin.user, '-E'];
  const reading = ['-C', String(ipmiSimLogin.cipherSuite), '-N', '1', '-R', '1', 'chassis', 'power', 'status'];
  const env = { IPMI_PASSWORD: password };
  try {
    await until(
      `a controller answers on port ${String(port)}`,
      async () => await execa('ipmitool', [...known, ...reading], { env }),
    );
  } catch (error) {
    await stopIpmiSim(directory);
    throw error;
  }
}

/** Ends the one of this directory. None there: success. */
export async function stopIpmiSim(directory: string): Promise<void> {
  await stopProcess(processFile(directory), 3_000);
}

function processFile(directory: string): string {
  return join(directory, 'process.json');
}

function lanText(port: number, password: string, machine: string): string {
  return `name "sim"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${String(port)}
    priv_limit admin
    allowed_auths_admin md5
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "${quoteArgument(machine)} 0x20"
  user 2 true "${ipmiSimLogin.user}" "${password}" admin 10 md5
`;
}

const controller = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
`;
