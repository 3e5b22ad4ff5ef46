import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { vi } from 'vitest';
import type { CallContext } from '../../src/domain/call-context.ts';
import type { PowerDeps } from '../../src/power/power-deps.ts';
import { ensurePythonTools } from '../../src/platform/python-tools.ts';
import { createProgressReporter } from '../../src/platform/progress.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import { createSecrets } from '../../src/remote/secrets.ts';
import { startDaemon, tailOf, type Daemon } from './bmc-daemon.ts';
import { defineByHand } from './domain-by-hand.ts';
import { freePort } from './free-port.ts';
import { freeTurns } from './free-turns.ts';
import { createLibvirtWorld, type LibvirtWorld } from './libvirt-world.ts';

/** Virtual machines with management controllers: virtualbmc (IPMI) and sushy-emulator (Redfish) before a private libvirt. */
export interface BmcWorld {
  readonly libvirt: LibvirtWorld;
  readonly deps: PowerDeps;
  readonly context: CallContext;
  /** A machine that boots the tiny guest, which hears the power button. */
  addMachine(name: string): Promise<void>;
  /** What libvirt says of it. */
  stateOf(name: string): Promise<string>;
  close(): Promise<void>;
  /** Settings of the kind `ipmi` for a machine, by virtualbmc. */
  ipmi(name: string): Promise<Record<string, unknown>>;
  /** Settings of the kind `redfish` for a machine, by sushy-emulator over TLS. */
  redfish(name: string): Promise<Record<string, unknown>>;
}

const secrets = createSecrets({
  values: { IMPRINT_SECRET_BMC: 'sesame', IMPRINT_SECRET_WRONG: 'mellon' },
});

export async function createBmcWorld(): Promise<BmcWorld> {
  const tools = await ensurePythonTools(await openStateDirectory(), createProgressReporter());
  const libvirt = await createLibvirtWorld();
  const daemons: Daemon[] = [];
  const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
  let redfish: Promise<{ url: string; certificateFingerprint: string }> | undefined;
  return {
    libvirt,
    context,
    deps: { secrets, shell: createLocalShell(), turns: freeTurns },
    addMachine: async (name) => {
      await defineByHand(libvirt, libvirt.computer(name));
    },
    stateOf: async (name) => await libvirt.virsh('domstate', name),
    ipmi: async (name) => {
      const { daemon, port } = await startVirtualBmc(tools, libvirt, name);
      daemons.push(daemon);
      const access = { address: '127.0.0.1', port, user: 'admin', passwordSecret: 'bmc', cipherSuite: 3 };
      return { kind: 'ipmi', ...access, restSeconds: 0, confirmSeconds: 30 };
    },
    redfish: async (name) => {
      redfish ??= startSushy(tools, libvirt).then(({ daemon, ...access }) => {
        daemons.push(daemon);
        return access;
      });
      const system = await libvirt.virsh('domuuid', name);
      const login = { user: 'admin', passwordSecret: 'bmc', system };
      return { kind: 'redfish', ...(await redfish), ...login, restSeconds: 0, confirmSeconds: 30 };
    },
    close: async () => {
      for (const daemon of daemons) await daemon.stop();
      await libvirt.close();
    },
  };
}

async function startVirtualBmc(tools: string, { root, uri }: LibvirtWorld, name: string) {
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

async function startSushy(tools: string, { root, uri }: LibvirtWorld) {
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
      .join(''),
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
