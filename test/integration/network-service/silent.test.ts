import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Computer } from '../../../src/domain/computer.ts';
import { IntegrityError } from '../../../src/domain/errors.ts';
import { libraryPaths } from '../../../src/library/paths.ts';
import { verifyStructure } from '../../../src/library/structure.ts';
import { sha256Of } from '../../../src/provisioners/network-service/image.ts';
import type { LoadRequest } from '../../../src/provisioners/provisioner.ts';
import { createServiceHost, serviceComputer, type ServiceHost } from '../../support/network-service-fixture.ts';
import { startRouter, type Router } from '../../support/router.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';

let host: ServiceHost;
/** Without ospfd. */
let router: Router;
const endings: (() => Promise<void>)[] = [];

beforeAll(async () => {
  if (whyUnavailable('networkService') !== undefined) return;
  host = await createServiceHost();
  endings.push(host.remove);
  router = await startRouter(['zebra', 'staticd']);
  endings.push(router.close);
  await router.configure('ip route 10.1.0.0/16 blackhole');
});
beforeEach((context) => skipWithout(context, 'networkService'));
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

let loads = 0;

/** The load of a text that lies in a library. */
async function loadOf(text: string, settings: Readonly<Record<string, unknown>> = {}): Promise<LoadRequest> {
  loads += 1;
  const path = join(host.library.root, `silent-v${String(loads)}`);
  await mkdir(path);
  await writeFile(join(path, 'frr.conf'), text);
  const size = Buffer.byteLength(text);
  const computer: Computer = serviceComputer(router.name, {
    service: 'frr',
    pathspace: router.name,
    stateDirectory: host.stateDirectory,
    ...settings,
  });
  const disk = {
    name: 'frr',
    file: 'frr.conf',
    format: 'configuration',
    virtualSizeBytes: size,
    sizeBytes: size,
  } as const;
  return {
    computer,
    revision: {
      ...{ id: loads, imageId: 1, image: 'silent', revision: loads, operatingSystem: 'frr', state: 'available' },
      ...{ comment: '', author: 'test', created: '2024-01-01T00:00:00Z' },
      manifest: {
        ...{ schema: 1, image: 'silent', revision: loads, revisionId: loads, operatingSystem: 'frr' },
        imageClass: 'service',
        disks: [{ ...disk, sha256: sha256Of(text) }],
        source: { provisioningSystem: 'network-service', computer: 'r', run: 'r', definition: '{"service":"frr"}' },
        cleanShutdown: { kind: 'none' },
        sealChecks: [],
        created: '2024-01-01T00:00:00Z',
      },
    },
    copy: { revisionId: loads, library: host.library.name, path, sizeBytes: size },
    fence: { node: router.name, owner: `loadNode/${router.name}/${String(loads)}`, epoch: loads },
    library: host.library,
    keepOutgoing: false,
  };
}

const loading = () => host.provisioner.loading!;

/** Carries out the plan's steps up to this one; nothing but the steps is asked, so that what a check would refuse is applied. */
async function carryOutTo(kind: string, request: LoadRequest): Promise<void> {
  for (const step of await loading().plan(request, host.context)) {
    await loading().steps[step.kind]!.act(request, step, host.context);
    if (step.kind === kind) return;
  }
}

async function takeBack(request: LoadRequest): Promise<void> {
  for (const step of (await loading().plan(request, host.context)).toReversed()) {
    await loading().steps[step.kind]?.undo?.(request, step, host.context);
  }
}

const ospf = 'ip route 10.2.0.0/16 blackhole\n!\nrouter ospf\n ospf router-id 192.0.2.1\nexit\n';
const other = 'ip route 10.2.0.0/16 blackhole\n';

describe('a capture of a router of which a daemon is stopped', () => {
  it('is refused by the check, and by the step that reads; nothing is staged, and once it runs again all is captured', async () => {
    const crashing = await startRouter(['zebra', 'ospfd', 'staticd']);
    try {
      await crashing.configure('ip route 10.2.0.0/16 blackhole', 'router ospf', 'ospf router-id 192.0.2.1');
      await writeFile(crashing.frrConf, await crashing.running());
      const settings = { service: 'frr', pathspace: crashing.name, stateDirectory: host.stateDirectory };
      const { revision, ...load } = await loadOf(ospf);
      const request = {
        ...{ computer: serviceComputer(crashing.name, settings), revision, fence: load.fence, library: host.library },
        ...{ staging: libraryPaths(host.library).staging(load.fence.owner), allowForcedOff: false, shutdownSeconds: 1 },
      };
      const { check, steps, plan } = host.provisioner.capturing!;
      const [read] = await plan(request, host.context);
      // The control: while all daemons run nothing stands in the way.
      expect((await check(request, host.context)).problems).toEqual([]);

      await crashing.stopDaemon('ospfd');
      expect(await crashing.running()).not.toContain('router ospf');
      const stopped = expect.stringMatching(/^ospfd does not run, and frr\.conf has lines of it/) as unknown;
      expect((await check(request, host.context)).problems).toEqual([{ where: 'service', problem: stopped }]);
      await expect(steps['readConfiguration']!.act(request, read!, host.context)).rejects.toThrow('ospfd does not run');
      await expect(readdir(request.staging)).rejects.toMatchObject({ code: 'ENOENT' });

      await promisify(execFile)(crashing.restartProgram);
      await vi.waitFor(async () => expect(await crashing.running()).toContain('router ospf'), 20_000);
      await steps['readConfiguration']!.act(request, read!, host.context);
      expect(await readFile(join(request.staging, 'frr.conf'), 'utf8')).toContain('router ospf');
    } finally {
      await crashing.close();
    }
  });
});

describe('a load whose tools answer 0 and have not done it', () => {
  it('fails where what was applied was only added to what ran, and puts back what ran', async () => {
    const programs = join(host.root, 'merging');
    await mkdir(programs);
    const program = join(programs, 'frr-reload.py');
    // As an administrator would, who takes vtysh -f for a load.
    await writeFile(
      program,
      `#!/bin/sh\nfor file; do :; done\n[ "$1" = --test ] || exec vtysh -N ${router.name} -f "$file"\n`,
    );
    await chmod(program, 0o755);
    const before = await router.running();
    const request = await loadOf(other, { programs });
    await carryOutTo('apply', request);
    await expect(carryOutTo('proveApplied', request)).rejects.toThrow('+ ip route 10.1.0.0/16 blackhole');
    await takeBackWithRealTools(request);
    expect(await router.running()).toBe(before);
    // The control: frr-reload.py replaces.
    const sound = await loadOf(other);
    await carryOutTo('proveApplied', sound);
    expect(await router.running()).not.toContain('10.1.0.0/16');
    await takeBack(sound);
    expect(await router.running()).toBe(before);
  });

  it('fails where the daemon does not run that the lines are for: before anything is changed, and by what is read back', async () => {
    const before = await router.running();
    const request = await loadOf(ospf);
    const problems = await loading().check(request, host.context);
    expect(problems).toEqual([{ where: 'service', problem: expect.stringContaining('ospfd does not run') }]);
    expect(await loading().check(await loadOf(other), host.context)).toEqual([]);
    await carryOutTo('apply', request);
    await expect(carryOutTo('proveApplied', request)).rejects.toThrow('- router ospf');
    await takeBack(request);
    expect(await router.running()).toBe(before);
  });

  it('fails where the image is empty, in the library, at the check, and at the step that would apply it', async () => {
    const request = await loadOf('');
    const structure = verifyStructure(host.library, request.copy.path, request.revision.manifest!.disks, host.context);
    await expect(structure).rejects.toThrow('it is empty');
    const problems = await loading().check(request, host.context);
    expect(problems).toEqual([{ where: 'image', problem: expect.stringContaining('it is empty') }]);
    await expect(carryOutTo('checkWanted', request)).rejects.toThrow('it is empty');
    await takeBack(request);
  });

  it.each([
    [
      'a value that FRR does not know',
      'router bgp 65001\n neighbor 192.0.2.2 password secret frobnicate\n',
      'Unknown command',
    ],
    ['a line that is cut', 'ip route 10.2.0.0/16\n', 'Command incomplete'],
  ])('is refused by the service’s own tool for %s, and nothing is changed', async (_what, text, says) => {
    const before = await router.running();
    const request = await loadOf(text);
    const refused = carryOutTo('checkWanted', request);
    await expect(refused).rejects.toThrow(IntegrityError);
    await expect(refused).rejects.toThrow(says);
    await expect(refused).rejects.not.toThrow('secret');
    await takeBack(request);
    expect(await router.running()).toBe(before);
  });

  it('is refused for what was not published so', async () => {
    const request = await loadOf(other);
    await writeFile(join(request.copy.path, 'frr.conf'), 'ip route 10.3.0.0/16 blackhole\n');
    const problems = await loading().check(request, host.context);
    expect(problems).toEqual([{ where: 'image', problem: expect.stringContaining('not what was published') }]);
  });
});

async function takeBackWithRealTools(request: LoadRequest): Promise<void> {
  const { programs: _merging, ...settings } = request.computer.settings;
  await takeBack({ ...request, computer: { ...request.computer, settings } });
}
