import { describe, expect, it } from 'vitest';
import type { ActivityDependencies } from '../../src/activities/dependencies.ts';
import { refuseBound } from '../../src/activities/moving.ts';
import { createBaremetal } from '../../src/provisioners/baremetal/index.ts';

const baremetal = createBaremetal({ power: () => ({}) } as unknown as Parameters<typeof createBaremetal>[0]);

function depsWith(number: string): ActivityDependencies {
  return {
    catalog: {
      computers: { get: async () => ({ provisioningSystem: 'baremetal' }) },
      runs: { find: async () => ({ procedure: 'captureImage' }), steps: async () => [{ number }] },
    },
    provisioner: () => baremetal,
  } as unknown as ActivityDependencies;
}

describe('moving a run', () => {
  it('is refused once its plan has begun, where the system stays with its management node', async () => {
    await expect(refuseBound(depsWith('5.1'), 'captureImage/lab-07/1', 'lab-07')).rejects.toThrow(/release lab-07/);
    await refuseBound(depsWith('4'), 'captureImage/lab-07/1', 'lab-07');
  });

  it('is not refused for that where the system does not', async () => {
    const { staysWith: _none, ...rest } = { ...baremetal };
    const deps = { ...depsWith('5.1'), provisioner: () => rest };
    await refuseBound(deps, 'captureImage/lab-07/1', 'lab-07');
  });
});
