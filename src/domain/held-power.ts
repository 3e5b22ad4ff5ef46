import { InvalidInputError } from './errors.ts';
import { parseAnswerRequest, type AnswerRequest } from './hold.ts';
import { parsePowerAsked, type PowerAsked } from './power-asked.ts';

/** What the update `power` of a run takes that waits for an operator. It names the hold, as the answers do, and does not end it. */
export interface HeldPowerRequest extends AnswerRequest, PowerAsked {}

/** Checks what the update was given: it may come from Temporal's own UI. Throws InvalidInputError that names the field. */
export function parseHeldPowerRequest(given: Partial<HeldPowerRequest> | null | undefined): HeldPowerRequest {
  const request = { ...parseAnswerRequest(given), ...parsePowerAsked(given ?? {}) };
  if (request.reason !== '') return request;
  throw new InvalidInputError('reason: say why; it is kept with the run');
}
