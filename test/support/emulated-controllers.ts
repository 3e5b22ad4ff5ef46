import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { vi } from 'vitest';
import { startDaemon, tailOf, type Daemon } from './bmc-daemon.ts';
import { freePort } from './free-port.ts';

/** The machines of a private libvirt, and a directory for files. */
export interface MachinesOfLibvirt {
  readonly root: string;
  readonly uri: string;
}

/** virtualbmc before one machine, on the loopback: account `admin`, password `sesame`. */
export async function startVirtualBmc(
  tools: string,
  { root, uri }: MachinesOfLibvirt,
  name: string,
): Promise<{ readonly daemon: Daemon; readonly port: number }> {
  const home = join(root, `vbmc-${name}`);
  await mkdir(join(home, name), { recursive: true });
  const [port, server] = [await freePort(), await freePort()];
  await writeFile(
    join(home, name, 'config'),
    `[VirtualBMC]\nusername = admin\npassword = sesame\naddress = 127.0.0.1\nport = ${String(port)}\n` +
      `domain_name = ${name}\nlibvirt_uri = ${uri}\nactive = True\n`,
  );
  const config = join(home, 'virtualbmc.conf');
  const places = `config_dir = ${home}\npid_file = ${join(home, 'pid')}\nserver_port = ${String(server)}\n`;
  await writeFile(config, `[default]\n${places}`);
  const log = join(home, 'log');
  const env = { VIRTUALBMC_CONFIG: config };
  const daemon = startDaemon({ file: join(tools, 'vbmcd'), args: ['--foreground'], env, log });
  await vi.waitFor(async () => {
    if (!(await tailOf(log)).includes('Started vBMC')) throw new Error(`vbmcd: ${await tailOf(log)}`);
  }, waiting);
  return { daemon, port };
}

/** sushy-emulator before all machines, on the loopback over TLS, with the same account. */
export async function startSushy(
  tools: string,
  { root, uri }: MachinesOfLibvirt,
): Promise<{ readonly daemon: Daemon; readonly url: string; readonly certificateFingerprint: string }> {
  const home = join(root, 'sushy');
  await mkdir(home);
  const port = await freePort();
  const { key, certificate, fingerprint } = await makeCertificate(home);
  const hash = 'import bcrypt; print(bcrypt.hashpw(b"sesame", bcrypt.gensalt(4)).decode())';
  await writeFile(join(home, 'htpasswd'), `admin:${(await execa(join(tools, 'python'), ['-c', hash])).stdout}\n`);
  const config = join(home, 'sushy.conf');
  const settings = { SUSHY_EMULATOR_AUTH_FILE: join(home, 'htpasswd'), SUSHY_EMULATOR_STATE_DIR: home };
  await writeFile(
    config,
    Object.entries(settings)
      .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
      .join('') + firmware,
  );
  const tls = ['--ssl-certificate', certificate, '--ssl-key', key];
  const args = ['--config', config, '-i', '127.0.0.1', '-p', String(port), '--libvirt-uri', uri, ...tls];
  const log = join(home, 'log');
  const daemon = startDaemon({ file: join(tools, 'sushy-emulator'), args, log });
  await vi.waitFor(async () => {
    if (!(await tailOf(log)).includes('Running on')) throw new Error(`sushy-emulator: ${await tailOf(log)}`);
  }, waiting);
  return { daemon, url: `https://127.0.0.1:${String(port)}`, certificateFingerprint: fingerprint };
}

/** Its own choice is a firmware for secure boot, which hangs in a machine without system management mode. */
const firmware = `SUSHY_EMULATOR_BOOT_LOADER_MAP = {'UEFI': {'x86_64': '/usr/share/OVMF/OVMF_CODE.fd'}, 'Legacy': {'x86_64': None}}\n`;

const waiting = { timeout: 30_000, interval: 100 };

/** A controller signs its own certificate, for no name in particular. */
async function makeCertificate(home: string) {
  const [key, certificate] = [join(home, 'key.pem'), join(home, 'certificate.pem')];
  const subject = ['-subj', '/CN=bmc', '-days', '2'];
  const files = ['-keyout', key, '-out', certificate];
  await execa('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...files]);
  const { stdout } = await execa('openssl', ['x509', '-in', certificate, '-noout', '-fingerprint', '-sha256']);
  return { key, certificate, fingerprint: stdout.split('=')[1]!.trim() };
}
