import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { loadWorkerConfig } from '../../../src/config.ts';
import type { Computer } from '../../../src/domain/computer.ts';
import { createComputerPower } from '../../../src/power/computer-power.ts';
import { createBaremetal } from '../../../src/provisioners/baremetal/index.ts';
import type { Provisioner } from '../../../src/provisioners/provisioner.ts';
import { createLab } from '../../../src/provisioners/lab/index.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';
import { createImagingOrders } from '../../../src/worker/imaging-orders.ts';
import { bareComputer, createBaremetalFixture } from '../../support/baremetal-fixture.ts';
import { labComputer, labDeps } from '../../support/lab-fixture.ts';

const context = { signal: AbortSignal.timeout(60_000), progress: () => undefined };
const library = { name: 'mn-a', root: '/nonexistent', shell: createLocalShell() };
const requirementsOf = async ({ requirements }: Provisioner, ...computers: readonly Computer[]) =>
  await requirements?.(
    { computers, library, observe: async () => await Promise.resolve({ ssh: true, reason: 'it answered' }) },
    context,
  );

/** Without its secret nothing is sent to anybody. */
const ipmi = { kind: 'ipmi', address: '192.0.2.7', user: 'admin', passwordSecret: 'bmc' };

describe('a lab machine needs', () => {
  const lab = createLab(labDeps);

  it('SSH alone where it is powered by hand', async () => {
    expect(await requirementsOf(lab, labComputer('lab-07'))).toMatchObject([
      { where: 'lab-07', what: 'SSH', ok: true },
    ]);
  });

  it('the tool of its power module, and a controller that can be read', async () => {
    const found = await requirementsOf(lab, { ...labComputer('lab-07'), settings: { power: ipmi } });
    expect(found).toMatchObject([
      { what: 'SSH' },
      { where: 'this management node', what: 'ipmitool' },
      { where: 'lab-07', what: 'power', ok: false, found: expect.stringContaining('bmc') as unknown },
    ]);
  });
});

describe('bare metal needs', () => {
  const imagingOf = (settings: Readonly<Record<string, string>>) =>
    createImagingOrders(
      loadWorkerConfig({
        DATABASE_URL: 'postgres://nowhere/x',
        IMPRINT_MANAGEMENT_NODE: 'mn-a',
        IMPRINT_LIBRARY: '/nonexistent',
        ...settings,
      }),
    );
  const baremetal = (settings: Readonly<Record<string, string>>) =>
    createBaremetal({
      power: (settingsOf) => createComputerPower(labDeps, settingsOf),
      imaging: imagingOf(settings),
      capturedDisk: async () => await Promise.resolve({ sizeBytes: 0 }),
    });

  it('controllers that are read, an address that answers, and zstd', async () => {
    const { provisioner, source, close } = await createBaremetalFixture();
    expect(await requirementsOf(provisioner, source)).toMatchObject([
      { what: 'imaging address', ok: true, found: 'http://192.0.2.1:8480/boot.ipxe answers' },
      { what: 'zstd' },
      { what: 'ipmitool' },
      { where: 'source', what: 'power', ok: true, found: expect.stringMatching(/^it reads on/) as unknown },
    ]);
    await close();
  });

  it('says that machines are not served, and that a controller cannot be read', async () => {
    expect(await requirementsOf(baremetal({}), bareComputer('bare', 1))).toMatchObject([
      { what: 'imaging address', ok: false, remedy: expect.stringContaining('IMPRINT_IMAGING_ADDRESS') as unknown },
      { what: 'zstd' },
      { what: 'ipmitool' },
      { where: 'bare', what: 'power', ok: false },
    ]);
  });

  it('asks the address as a firmware does', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.end('#!ipxe\n');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const settings = { IMPRINT_IMAGING_ADDRESS: '127.0.0.1', IMPRINT_IMAGING_HTTP_PORT: String(port) };
    const look = async () => (await requirementsOf(baremetal(settings)))?.[0];
    expect(await look()).toMatchObject({ ok: true });
    expect(asked).toEqual(['/boot.ipxe']);
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    // The control: nobody listens there any more.
    expect(await look()).toMatchObject({ ok: false, found: expect.stringContaining('nothing answers') as unknown });
  });
});
