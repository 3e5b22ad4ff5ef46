import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Revision } from '../../../../src/domain/image.ts';
import { NotReadyError } from '../../../../src/domain/errors.ts';
import { openStaging } from '../../../../src/library/staging.ts';
import { need, type CaptureRequest } from '../../../../src/provisioners/provisioner.ts';
import { createBaremetalFixture, type BaremetalFixture } from '../../../support/baremetal-fixture.ts';
import { revision, without } from '../../../support/baremetal-revision.ts';

let fixture: BaremetalFixture;
beforeEach(async () => {
  fixture = await createBaremetalFixture();
});
afterEach(async () => {
  await fixture.close();
});

/** Two looks at a machine that stays on; half of `shutdownSeconds` has passed, or not. */
async function lookTwice(captured: Revision, shutdownSeconds: number): Promise<readonly string[]> {
  const { provisioner, library, context, source: computer, machines } = fixture;
  const fence = { node: computer.name, owner: 'captureImage/source/1', epoch: 1 };
  const staging = await openStaging(library, fence, context);
  const asked = { computer, revision: captured, fence, library, staging, allowForcedOff: false, shutdownSeconds };
  const request: CaptureRequest = asked;
  const { plan, steps } = need(provisioner, 'capturing');
  const confirm = (await plan(request, context)).find(({ id }) => id === 'confirm-off')!;
  for (let looks = 0; looks < 2; looks += 1) {
    machines.set('source', 'on');
    await expect(steps[confirm.kind]!.act(request, confirm, context)).rejects.toThrow(NotReadyError);
  }
  return machines.asked;
}

describe('the power button of a machine that is still on', () => {
  it('is pressed once more after half the time, and no third time', async () => {
    expect(await lookTwice(without(revision, 'osModule'), 0)).toEqual(['askOff source']);
  });

  it('is waited for all the same where the controller does not take that now', async () => {
    fixture.machines.refused.push('askOff');
    expect(await lookTwice(without(revision, 'osModule'), 0)).toEqual(['askOff source']);
  });

  it('is not pressed again before', async () => {
    expect(await lookTwice(without(revision, 'osModule'), 600)).toEqual([]);
  });

  it('is never pressed where the system itself was told to power off', async () => {
    expect(await lookTwice(revision, 0)).toEqual([]);
  });
});
