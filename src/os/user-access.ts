import type { CallContext } from '../domain/call-context.ts';
import type { Shell } from '../remote/shell.ts';
import type { TaskOutcome } from './task-outcome.ts';

/** Lets one user log in over SSH from where that user is, and nobody else. Each function may be run again after any cut. */
export interface UserAccess {
  /** What stands in the way: there is no such account, a tool is missing. Reads only. */
  check(shell: Shell, request: AccessRequest, context: CallContext): Promise<readonly string[]>;
  /** From now on only the user's address and the management nodes reach the port. IntegrityError when what is in force then is something else. */
  open(shell: Shell, request: AccessRequest, context: CallContext): Promise<AccessChanged>;
  /** From now on only the management nodes reach the port, and every process of the user is ended. */
  close(shell: Shell, request: AccessRequest, context: CallContext): Promise<AccessChanged>;
}

export interface AccessRequest {
  readonly user: string;
  /** An IP address or a network. */
  readonly from: string;
  /** Of the SSH server that users log in to. */
  readonly port: number;
  /** Addresses or names of management nodes; who asks over SSH is one of them in any case. */
  readonly managers: readonly string[];
}

/** What was done, and what was read of the system afterwards. */
export interface AccessChanged {
  readonly tasks: readonly TaskOutcome[];
  /** From where users are let in. */
  readonly users: readonly string[];
  /** From where management nodes are let in. */
  readonly managers: readonly string[];
}
