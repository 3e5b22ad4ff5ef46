import type { WorkflowHandle } from '@temporalio/client';
import { describe, expect, it, vi } from 'vitest';
import { searchAttributes } from '../../src/domain/search-attributes.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { failureOf, patience } from '../support/runs.ts';
import { skipWithout } from '../support/unavailable.ts';
import { withPage } from '../support/browser.ts';
import { createTampering, type CallPoint } from '../support/tampering.ts';
import { currentDetails, summariesOf } from '../support/temporal-ui.ts';

const copy = { activity: 'carryOutCaptureStep', call: 'provisioner().capturing.steps.copy.act' };
const sealCheck = { activity: 'checkSeal', call: 'operatingSystem().sealChecks' };

describe.concurrent("Temporal's UI", () => {
  let imprint: TestImprint;
  const tampering = createTampering();

  withImprint(async (started) => {
    imprint = started;
    await imprint.startWorkerHere((deps) => tampering.around(deps));
  });

  const workflow = (run: string): WorkflowHandle => imprint.temporal.workflow.getHandle(run);
  const attributesOf = async (run: string): Promise<Readonly<Record<string, unknown>>> => {
    const { typedSearchAttributes } = await workflow(run).describe();
    const ours = typedSearchAttributes.getAll().filter(({ key }) => key.name in searchAttributes);
    return Object.fromEntries(ours.map(({ key, value }) => [key.name, value]));
  };
  const idsFoundBy = async (query: string): Promise<readonly string[]> => {
    const ids: string[] = [];
    for await (const { workflowId } of imprint.temporal.workflow.list({ query })) ids.push(workflowId);
    return ids.sort();
  };
  const prepare = async (): Promise<{ node: string; image: string; operatingSystem: string }> => {
    const node = await imprint.addNode();
    return { node, image: imprint.fresh('image'), operatingSystem: simulatedSystem };
  };
  /** As Temporal's UI and command line do: without the client. */
  const startDirectly = async (procedure: string, input: object): Promise<string> => {
    const workflowId = `${procedure}/${imprint.fresh('direct')}`;
    await imprint.temporal.workflow.start(procedure, { workflowId, taskQueue: 'imprint', args: [input] });
    return workflowId;
  };
  const failing = async (point: Omit<CallPoint, 'node' | 'when'>): Promise<string> => {
    const asked = await prepare();
    tampering.fail({ ...point, node: asked.node, when: 'before' });
    const run = await imprint.client.startCapture(asked);
    await failureOf(run);
    return run.id;
  };

  it('finds a run that was started without the client by the same attributes as one of the client', async () => {
    const asked = await prepare();
    const run = await startDirectly('captureImage', asked);
    await workflow(run).result();
    const byClient = await imprint.client.startLoad({ node: asked.node, image: asked.image });
    await byClient.result();

    const expected = {
      ImprintNode: asked.node,
      ImprintImage: asked.image,
      ImprintRevision: `${asked.image}-v1`,
      ImprintManagementNode: 'mn-test',
      ImprintProvisioningSystem: 'simulated',
      ImprintOutcome: 'completed',
    };
    expect(await attributesOf(run)).toEqual(expected);
    expect(await attributesOf(byClient.id)).toEqual(expected);
    // Those of a run that waits are absent here; test/workflows/held.test.ts has them.
    const held = ['ImprintHeld', 'ImprintHeldWhy'];
    expect([...Object.keys(expected), ...held].sort()).toEqual(Object.keys(searchAttributes).sort());
    const query = `ImprintNode = '${asked.node}' AND ImprintRevision = '${asked.image}-v1'`;
    await vi.waitFor(async () => expect(await idsFoundBy(query)).toEqual([run, byClient.id].sort()), patience);
  });

  it('knows of a run only what the run has learned: one that was refused has its outcome alone', async () => {
    const run = await startDirectly('captureImage', { node: 'lab-nowhere', image: 'web' });
    await expect(workflow(run).result()).rejects.toThrow();
    expect(await attributesOf(run)).toEqual({ ImprintOutcome: 'failed' });
  });

  it('finds power, unload and status runs that were started without the client, too', async () => {
    const node = await imprint.addNode();
    for (const [procedure, input] of [
      ['powerNode', { node, action: 'on', force: false }],
      ['checkNode', { node }],
      ['unloadNode', { node }],
    ] as const) {
      const run = await startDirectly(procedure, input);
      await workflow(run).result();
      expect(await attributesOf(run)).toEqual({
        ImprintNode: node,
        ImprintManagementNode: 'mn-test',
        ImprintProvisioningSystem: 'simulated',
        ImprintOutcome: 'completed',
      });
      for (const { summary } of await summariesOf(workflow(run))) expect(summary).toMatch(/^[A-Z].*\S$/);
    }
  });

  it('says what was asked for, and how to stop it', async () => {
    const asked = await prepare();
    const run = await imprint.client.startCapture({ ...asked, comment: 'for `course` *one*' });
    const described = await workflow(run.id).describe();
    expect(await described.staticSummary()).toBe(`Capture ${asked.node} as ${asked.image}`);
    const details = await described.staticDetails();
    expect(details).toContain(`- image: \`${asked.image}\`\n- comment: \`for 'course' *one*\``);
    expect(details).toContain('**Request Cancellation**');
    await run.result();
  });

  it('shows what is under way, and the plan as a check list, while a step goes on; and what came of it at the end', async () => {
    const asked = await prepare();
    const held = tampering.hold({ ...copy, node: asked.node, when: 'before' });
    const run = await imprint.client.startCapture(asked);
    await held.reached;
    const [title, , now, , ...list] = (await currentDetails(workflow(run.id))).split('\n');
    expect(title).toBe(`### Capture ${asked.node} as ${asked.image}`);
    expect(now).toMatch(/^▶ \*\*running:\*\* 5\.\d Copy vda of .*B\)$/);
    expect(list[0]).toBe(`- ✔ 1 Claim ${asked.node}`);
    const [last, ...done] = list.filter((line) => line.startsWith('- ')).reverse();
    expect(last).toBe(`- ${now ?? ''}`);
    expect(done.filter((line) => !line.startsWith('- ✔ '))).toEqual([]);

    held.release();
    await run.result();
    const after = (await currentDetails(workflow(run.id))).split('\n');
    expect(after[2]).toMatch(/^\*\*completed:\*\* image-\d+-v1 published, /);
    expect(after.filter((line) => line.startsWith('- ') && !line.startsWith('- ✔ '))).toEqual([]);
  });

  it('shows steps that are planned before they begin', async () => {
    const asked = await prepare();
    const first = { activity: 'carryOutCaptureStep', call: 'operatingSystem().preCapture' };
    const held = tampering.hold({ ...first, node: asked.node, when: 'before' });
    const run = await imprint.client.startCapture(asked);
    await held.reached;
    const details = await currentDetails(workflow(run.id));
    expect(details).toMatch(/^- ▶ \*\*running:\*\* 5\.1 /m);
    expect(details).toMatch(/^- ☐ 5\.\d Copy vda/m);
    held.release();
    await run.result();
  });

  it('shows which step failed and why, and which were taken back', async () => {
    const details = await currentDetails(workflow(await failing(sealCheck)));
    expect(details.split('\n')[2]).toMatch(/^\*\*failed:\*\* .*refused by the test$/);
    const failed = /^- ✖ \*\*failed:\*\* 6\.3 Check the seal without booting the copy: .*refused by the test$/m;
    expect(details).toMatch(failed);
    expect(details).toMatch(/^- ↩ taken back: 5\.\d Copy vda/m);
    expect(details).toMatch(/^- ↩ taken back: 1 Claim/m);
    expect(details).toMatch(/^- ✔ 6\.1 /m);
  });

  it('shows an undo while it is under way, and one that was given up', async () => {
    const asked = await prepare();
    tampering.fail({ ...sealCheck, node: asked.node, when: 'before' });
    tampering.fail({ node: asked.node, activity: 'removeStaging', call: 'library.shell.run', when: 'before' });
    const held = tampering.hold({
      node: asked.node,
      activity: 'releaseNode',
      call: 'catalog.claims.release',
      when: 'before',
    });
    const run = await imprint.client.startCapture(asked);
    await held.reached;
    expect((await currentDetails(workflow(run.id))).split('\n')[2]).toMatch(/^↩ \*\*being taken back:\*\* 1 Claim/);
    held.release();
    await failureOf(run);
    const details = await currentDetails(workflow(run.id));
    expect(details).toMatch(/^- ‼ \*\*could not be taken back:\*\* 5 Open the staging .*: .*refused by the test$/m);
    expect(await attributesOf(run.id)).toMatchObject({
      ImprintOutcome: 'failed',
      ImprintRevision: `${asked.image}-v1`,
    });
  });

  it('cuts a summary that Temporal would refuse: a run with a name beyond all bounds fails, and says so', async () => {
    const run = await startDirectly('captureImage', { node: 'ü'.repeat(2_000), image: 'web' });
    await expect(workflow(run).result()).rejects.toMatchObject({ cause: { cause: { type: 'InvalidInputError' } } });
    const [first] = await summariesOf(workflow(run));
    expect(first?.summary).toMatch(/^Claim ü+…$/);
  });

  it('takes the answer to a held run in its own form, and the run goes on', async (context) => {
    skipWithout(context, 'browser');
    const asked = await prepare();
    tampering.fail({ ...copy, node: asked.node, when: 'before' }, { times: 1 });
    const run = await imprint.client.startCapture({ ...asked, onFailure: 'hold' });
    const hold = await vi.waitFor(async () => {
      const open = await imprint.catalog.holds.find(run.id);
      if (open === undefined) throw new Error('it is not held');
      return open;
    }, patience);
    await withPage(async (page) => {
      page.setDefaultTimeout(patience.timeout);
      const { uiUrl, namespace } = imprint.server;
      await page.goto(`${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(run.id)}`);
      await page.getByRole('button', { name: 'More Actions' }).click();
      // The page has its menu and its forms twice; what it does not show is for narrow windows.
      await page.getByText('Send an Update').locator('visible=true').first().click();
      const form = page.getByTestId('update-confirmation-modal').locator('visible=true').first();
      await form.locator('button:has(#update-select)').click();
      await form
        .getByRole('option')
        .filter({ hasText: /^\s*retry/ })
        .click();
      await form.locator('.cm-content').fill(JSON.stringify({ hold: hold.id, by: 'carol', reason: 'disk replaced' }));
      // Leaving the editor lays its text out anew, and moves the button.
      await form.locator('.cm-content').blur();
      await form.getByText('"disk replaced"').waitFor();
      await form.getByRole('button', { name: 'Submit' }).click();
      await run.result();
    });
    const [answered] = await imprint.catalog.holds.of(run.id);
    expect(answered?.answer).toMatchObject({ answer: 'retry', by: 'carol', reason: 'disk replaced' });
  });

  it('has the outcome of a run that was cancelled', async () => {
    const asked = await prepare();
    const held = tampering.hold({ ...copy, node: asked.node, when: 'before' });
    const run = await imprint.client.startCapture(asked);
    await held.reached;
    await run.cancel();
    held.release();
    await failureOf(run);
    expect(await attributesOf(run.id)).toMatchObject({ ImprintNode: asked.node, ImprintOutcome: 'cancelled' });
    expect(await currentDetails(workflow(run.id))).toContain('**cancelled:** cancelled');
  });
});
