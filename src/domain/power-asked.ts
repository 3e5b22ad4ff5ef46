import { InvalidInputError } from './errors.ts';
import { powerActions, type PowerAction, type PowerReading } from './power.ts';

/** What is asked of a machine's power. */
export interface PowerAsked {
  readonly action: PowerAction;
  /** For `off`: whether the power may be cut when the guest does not power off in time. Default: false. */
  readonly force: boolean;
}

/** What was asked of the power while a run waited, and what came of it. */
export interface HeldPowerRecord extends PowerAsked {
  readonly by: string;
  readonly reason: string;
  /** When it was asked for. ISO 8601, UTC. */
  readonly at: string;
  /** What was read afterwards; absent while it is under way, and where it failed. */
  readonly reading?: PowerReading;
  /** Why it failed. */
  readonly error?: string;
}

/** Checks what was asked and fills in the default; throws InvalidInputError that names the field. */
export function parsePowerAsked({ action: asked, force = false }: Partial<PowerAsked>): PowerAsked {
  const action = powerActions.find((known) => known === asked);
  if (action === undefined) {
    throw new InvalidInputError(`action: expected on, off or reset; got ${JSON.stringify(asked)}`);
  }
  // A permission is never guessed: whoever writes "no" must not be taken for somebody who agrees.
  if (typeof force === 'boolean') return { action, force };
  throw new InvalidInputError(`force: expected true or false; got ${JSON.stringify(force)}`);
}
