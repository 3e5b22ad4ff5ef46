import type { HoldRecord } from '../domain/hold.ts';
import type { StagedImage } from '../provisioners/provisioner.ts';

/**
 * What was staged, with the shutdown taken for a forced one where an operator cut the power, or may have, while the run waited: a controller that gives no
 * reason for off does not tell. A system that gives one has seen it itself.
 */
export function withHeldCuts(staged: StagedImage, holds: readonly Pick<HoldRecord, 'power'>[]): StagedImage {
  if (staged.offReason !== undefined) return staged;
  const cut = holds.some(({ power }) =>
    power.some(({ action, force }) => action === 'reset' || (action === 'off' && force)),
  );
  return cut ? { ...staged, forced: true } : staged;
}
