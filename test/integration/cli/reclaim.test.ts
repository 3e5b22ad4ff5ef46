import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { imprint } from '../../support/captured-terminal.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';
import { managementNode, simulatedDisk, startCommandLab, type CommandLab } from './lab.ts';

const available = whyUnavailable('temporal') === undefined && whyUnavailable('postgres') === undefined;
const node = 'lab-07';

let lab: CommandLab;

beforeAll(async () => {
  if (!available) return;
  lab = await startCommandLab();
  await lab.startWorker();
  const base = await lab.write('base.simulated', simulatedDisk('base'));
  const settings = await lab.write('node.json', JSON.stringify({ bootSeconds: 0, shutdownSeconds: 0 }));
  const where = ['--management-node', managementNode, '--system', 'simulated', '--address', '127.0.0.1'];
  for (const words of [
    ['images', 'import', 'base', base, '--os', 'simulated-os'],
    ['nodes', 'add', node, ...where, '--memory', '1G', '--cpus', '2', '--settings', settings],
    ['load', node, 'base'],
    ['nodes', 'reserve', node, '--user', 'jane', '--from', '192.0.2.9'],
  ]) {
    expect(await imprint(...words)).toMatchObject({ status: 0 });
  }
});
afterAll(async () => {
  if (available) await lab.stop();
});
beforeEach((context) => skipWithout(context, 'temporal', 'postgres'));

it('nodes reclaim --machine-is-gone ends a reservation without its machine, and only with a reason', async () => {
  const word = ['nodes', 'reclaim', node, '--machine-is-gone'];
  expect(await imprint(...word)).toMatchObject({ status: 2 });
  expect(await imprint(...word, ' ')).toMatchObject({ status: 2, err: expect.stringContaining('say why the machine') });
  expect(await lab.catalog.nodeReservations.find(node)).toMatchObject({ user: 'jane' });

  const { status, out } = await imprint(...word, 'its mainboard burnt', '--by', 'bob', '--request-key', 'gone');
  expect([status, out]).toEqual([0, expect.stringContaining('bob says that the machine is gone: its mainboard burnt')]);
  expect(await lab.catalog.nodeReservations.find(node)).toBeUndefined();
  const shown = await imprint('runs', 'show', `reclaimNode/${node}/gone`);
  expect(shown.out).toContain('jane was not let out on lab-07 itself');

  expect(await imprint('nodes', 'reserve', node, '--user', 'bob', '--from', '198.51.100.7')).toMatchObject({
    status: 1,
  });
  expect((await imprint('nodes', 'show', node)).out).toContain('maintenance');
  expect(await imprint('nodes', 'remove', node)).toMatchObject({ status: 0 });
}, 120_000);
