import { parseLine, parseWho } from './hold.ts';

/** Another management node for a run: which, who says so, and why. */
export interface MoveRequest {
  readonly to: string;
  readonly by: string;
  readonly reason: string;
}

/** What asks a run to leave a management node that is away; nobody has said that nothing of the run works there. */
export interface LeaveRequest extends MoveRequest {
  readonly from: string;
}

/** Checks what the update `move` was given: it may come from Temporal's own UI. Throws InvalidInputError that names the field. */
export function parseMoveRequest(given: Partial<MoveRequest> | null | undefined): MoveRequest {
  const { by } = parseWho(given);
  // By it somebody says that nothing of the run works any more where it was: that is written down with a reason.
  return { to: parseLine('to', given?.to), by, reason: parseLine('reason', given?.reason) };
}

/** The same of the update `leaveManagementNode`. */
export function parseLeaveRequest(given: Partial<LeaveRequest> | null | undefined): LeaveRequest {
  return { from: parseLine('from', given?.from), ...parseMoveRequest(given) };
}
