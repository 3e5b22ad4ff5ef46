import type { CallContext } from '../../src/domain/call-context.ts';
import type { PowerDeps } from '../../src/power/power-deps.ts';
import { ensurePythonTools } from '../../src/platform/python-tools.ts';
import { createProgressReporter } from '../../src/platform/progress.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import { createSecrets } from '../../src/remote/secrets.ts';
import type { Daemon } from './bmc-daemon.ts';
import { defineByHand } from './domain-by-hand.ts';
import { startSushy, startVirtualBmc } from './emulated-controllers.ts';
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
