import { execa } from 'execa';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotReadyError } from '../../../src/domain/errors.ts';
import type { Revision } from '../../../src/domain/image.ts';
import type { PlanStep } from '../../../src/domain/plan.ts';
import { need, type LoadRequest } from '../../../src/provisioners/provisioner.ts';
import { act, undo } from '../../support/plan-runner.ts';
import { firstRevision } from '../../support/simulated-fixture.ts';
import { createXcatFixture, type XcatFixture } from '../../support/xcat-fixture.ts';

describe('a load through an osimage', () => {
  let fixture: XcatFixture;
  let request: LoadRequest;
  beforeEach(async () => {
    fixture = await createXcatFixture('rootimg');
    request = await requestFor(1);
  });
  afterEach(() => fixture.close());

  const requestFor = async (number: number, epoch = number): Promise<LoadRequest> => {
    const { library, target } = fixture;
    const { osModule: _osModule, ...first } = firstRevision;
    const path = join(library.root, `suite-v${String(number)}`);
    await mkdir(join(path, 'rootimg', 'etc'), { recursive: true });
    await writeFile(join(path, 'rootimg', 'etc', 'revision'), String(number));
    await execa('tar', ['-C', path, '-czf', join(path, 'rootimg.tar.gz'), 'rootimg']);
    const disk = { name: 'rootimg', file: 'rootimg.tar.gz', format: 'archive', virtualSizeBytes: 1, sizeBytes: 1 };
    const manifest = { disks: [{ ...disk, sha256: '' }], source: { computer: 'source' } };
    const revision = { ...first, revision: number, manifest } as unknown as Revision;
    const fence = { node: target.name, owner: `loadNode/${target.name}/${String(epoch)}`, epoch };
    const copy = { library: library.name, path } as unknown as LoadRequest['copy'];
    return { computer: target, revision, copy, fence, library, keepOutgoing: false };
  };
  const runner = (asked = request) => ({
    steps: need(fixture.provisioner, 'loading').steps,
    request: asked,
    context: fixture.context,
  });
  const plan = async (): Promise<readonly PlanStep[]> =>
    await need(fixture.provisioner, 'loading').plan(request, fixture.context);
  const stepOf = async (id: string): Promise<PlanStep> => (await plan()).find((step) => step.id === id)!;
  const upTo = async (id: string): Promise<PlanStep> => {
    for (const step of await plan()) {
      if (step.id === id) return step;
      await act(runner(), step);
    }
    throw new Error(`no step ${id}`);
  };

  it('keeps the attributes of the run, which nodeset overwrites with those of the osimage', async () => {
    const { double, target } = fixture;
    const start = await upTo('start');
    expect(await double.fact(target.name, 'profile')).toBe('suite-v1');
    // The control: nodeset does overwrite it.
    await execa(join(double.root, 'sbin/nodeset'), [target.name, 'osimage=captured']);
    expect(await double.fact(target.name, 'profile')).toBe('compute');
    await act(runner(), await stepOf('boot-target'));
    await act(runner(), start);
    await act(runner(), await stepOf('await-load'));
    expect(await double.fact(target.name, 'profile')).toBe('suite-v1');
    await undo(runner(), await stepOf('boot-target'));
    expect(await double.fact(target.name, 'profile')).toBe('compute');
  });

  it('keeps them, too, where the answer of rinstall was lost', async () => {
    const { double, target } = fixture;
    const settings = target.settings as { load: object };
    const byRinstall = { ...target, settings: { ...settings, load: { ...settings.load, by: 'rinstall' } } };
    request = { ...request, computer: byRinstall };
    const start = await upTo('start');
    await act(runner(), start);
    // What rinstall leaves when its client is killed after its work.
    await execa(join(double.root, 'sbin/nodeset'), [target.name, 'osimage=captured']);
    expect([await double.fact(target.name, 'power'), await double.fact(target.name, 'profile')]).toEqual([
      'on',
      'compute',
    ]);
    await act(runner(), start);
    expect(await double.fact(target.name, 'profile')).toBe('suite-v1');
  });

  it('leaves an osimage alone that serves the same revision already: other nodes boot from it', async () => {
    const placing = await stepOf('place');
    await act(runner(), placing);
    const packed = join(fixture.double.root, 'install', 'captured', 'rootimg.cpio.gz');
    const before = await stat(packed);
    await act(runner(await requestFor(1, 7)), placing);
    expect((await stat(packed)).ino).toBe(before.ino);
    // The control: what was packed anew by hand is not what the revision says.
    await writeFile(packed, 'something else');
    await act(runner(await requestFor(1, 8)), placing);
    expect(await readFile(packed, 'utf8')).not.toBe('something else');
  });

  it('does not power off a node whose power nobody knows, since it could not be put back as it was', async () => {
    const off = await stepOf('power-off-outgoing');
    await fixture.double.set(fixture.target.name, 'power', 'in-between');
    const once = runner().steps[off.kind]!.act(request, off, fixture.context);
    await expect(once).rejects.toThrow(NotReadyError);
    await fixture.double.set(fixture.target.name, 'power', 'on');
    await act(runner(), off);
  });

  it('does not start, and does not end well, where another revision has come into the osimage', async () => {
    const start = await upTo('start');
    const other = await requestFor(2);
    await act(runner(other), await stepOf('place'));
    await expect(act(runner(), start)).rejects.toMatchObject({
      name: 'IntegrityError',
      message: expect.stringContaining('captured serves suite-v2 by now'),
    });
    expect(await fixture.double.fact(fixture.target.name, 'power')).toBe('off');
    // The control: with its own revision it starts, and what comes between is seen at the end.
    await act(runner(), await stepOf('place'));
    await act(runner(), start);
    await act(runner(other), await stepOf('place'));
    await expect(act(runner(), await stepOf('await-load'))).rejects.toMatchObject({ name: 'IntegrityError' });
    await act(runner(), await stepOf('place'));
    await act(runner(), await stepOf('await-load'));
  });
});
