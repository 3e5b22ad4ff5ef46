import { execa } from 'execa';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

  const requestFor = async (number: number): Promise<LoadRequest> => {
    const { library, target } = fixture;
    const { osModule: _osModule, ...first } = firstRevision;
    const path = join(library.root, `suite-v${String(number)}`);
    await mkdir(join(path, 'rootimg', 'etc'), { recursive: true });
    await writeFile(join(path, 'rootimg', 'etc', 'revision'), String(number));
    await execa('tar', ['-C', path, '-czf', join(path, 'rootimg.tar.gz'), 'rootimg']);
    const disk = { name: 'rootimg', file: 'rootimg.tar.gz', format: 'archive', virtualSizeBytes: 1, sizeBytes: 1 };
    const manifest = { disks: [{ ...disk, sha256: '' }], source: { computer: 'source' } };
    const revision = { ...first, revision: number, manifest } as unknown as Revision;
    const fence = { node: target.name, owner: `loadNode/${target.name}/${String(number)}`, epoch: number };
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
