import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SystemsCheck } from '../../../src/domain/requirement.ts';
import { imprint } from '../../support/captured-terminal.ts';
import { managementNode, startCommandLab, type CommandLab } from './lab.ts';

let lab: CommandLab;
beforeAll(async () => {
  lab = await startCommandLab();
  await lab.startWorker();
});
afterAll(async () => await lab.stop());

async function check(...args: readonly string[]): Promise<{ status: number; answer: SystemsCheck }> {
  const { status, out } = await imprint('systems', 'check', ...args, '--json');
  return { status, answer: JSON.parse(out) as SystemsCheck };
}

async function addNode(name: string, system: string, settings: object): Promise<void> {
  await lab.catalog.computers.add({
    ...{ name, managementNode, provisioningSystem: system, address: '127.0.0.1', sshPort: 1, macAddresses: [] },
    ...{ memoryMiB: 512, cpus: 1, settings: { ...settings }, hostKeys: ['ssh-ed25519 AAAA'] },
  });
}

describe('systems check', () => {
  it('has the worker look, and says what is there', async () => {
    const { status, answer } = await check('simulated');
    expect(answer.managementNodes).toEqual([managementNode]);
    expect(answer.requirements).toContainEqual(
      expect.objectContaining({ managementNode, system: 'simulated', what: 'simulated world', ok: true }),
    );
    expect(answer.requirements.find(({ what }) => what.startsWith('library'))).toMatchObject({ ok: true });
    expect(status).toBe(answer.requirements.every(({ ok }) => ok) ? 0 : 7);
  });

  it('says what a machine that does not answer, and wrong settings, need; status 7', async () => {
    await addNode('silent', 'lab', {});
    await addNode('wrong', 'libvirt', {});
    const silent = await check('lab');
    expect(silent.status).toBe(7);
    expect(silent.answer.requirements).toContainEqual(
      expect.objectContaining({ where: 'silent', what: 'SSH', ok: false, remedy: expect.stringContaining('host-key') }),
    );
    const { answer } = await check('libvirt');
    expect(answer.requirements).toContainEqual(
      expect.objectContaining({ where: 'wrong', what: 'settings', ok: false }),
    );
    const { out } = await imprint('systems', 'check', 'libvirt');
    expect(out).toMatch(/^ *✖ +mn-cli +libvirt +wrong +settings +something is missing or wrong$/m);
    expect(out).toContain(' ✖ mn-cli: settings: imprint systems show libvirt says what');
  });

  it('says that nothing was looked at where nothing says where to look', async () => {
    await lab.catalog.provisioningSystems.allow(managementNode, 'xcat');
    const { answer } = await check('xcat');
    expect(answer.requirements.filter(({ system }) => system === 'xcat')).toEqual([
      expect.objectContaining({ what: 'xcat', ok: true, found: expect.stringMatching(/^nothing was looked at: /) }),
    ]);
  });

  it('does not wait for ever for a management node without a worker, and names it; a stand-in looks at what they share', async () => {
    await lab.catalog.managementNodes.add({ name: 'mn-away', address: '192.0.2.9', libraryRoot: '/srv/away' });
    for (const [name, alsoReachedBy] of [
      ['shared', [managementNode]],
      ['theirs', []],
    ] as const) {
      await addNode(name, 'lab', {});
      await lab.catalog.computers.edit(name, () => ({ managementNode: 'mn-away', alsoReachedBy }));
    }
    const { status, answer } = await check();
    expect(status).toBe(7);
    const away = answer.requirements.filter(({ managementNode: node }) => node === 'mn-away');
    expect(away).toMatchObject([{ what: 'worker', ok: false, remedy: 'start it on mn-away: imprint worker' }]);
    const looked = answer.requirements.filter(({ managementNode: node }) => node === managementNode);
    expect(looked).toContainEqual(expect.objectContaining({ where: 'shared', what: 'SSH', ok: false }));
    expect(looked.filter(({ where }) => where === 'theirs')).toEqual([]);
    // The control: the others were looked at all the same.
    expect(answer.requirements.filter(({ managementNode: node }) => node === managementNode).length).toBeGreaterThan(3);
  });

  it('refuses a system that has no module', async () => {
    expect(await imprint('systems', 'check', 'vmware')).toMatchObject({ status: 4 });
  });
});
