import { posix } from 'node:path';
import { readIfThere, replaceFile } from './durable-file.ts';
import type { DiskRecord } from './order.ts';

/** A secret that one machine may use. Only its hash is kept. */
export interface Grant {
  readonly hash: string;
  readonly mac: string;
  /** Of the machine, as the server sees it. */
  readonly address: string;
}

/** What a machine has told of its work; evidence of the step. */
export interface ImagingReport {
  /** What shows later that the captured disks were not touched. */
  readonly disks?: readonly DiskRecord[];
  /** `ssh-ed25519 AAAA…`, one a line of the public key files. */
  readonly hostKeys?: readonly string[];
  /** What was left as it is, and why. */
  readonly notes: readonly string[];
}

/** What the server knows of an order beyond the order itself. */
export interface OrderState {
  readonly attempt: number;
  readonly phase: 'waiting' | 'booted' | 'working' | 'done' | 'failed' | 'stopped';
  readonly words: string;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly at: number;
  /** Given with the last boot script; exchanged for a session at first contact. */
  readonly token?: Grant & { readonly expires: number };
  readonly session?: Grant & { readonly token: string };
  readonly report?: ImagingReport;
  /** What a load did beside writing, by the steps' ids: `clear disk 0`. */
  readonly finished: readonly string[];
}

export function newState(attempt: number): OrderState {
  const words = 'waiting for the machine to boot over the network';
  return { attempt, phase: 'waiting', words, bytesDone: 0, bytesTotal: 0, at: 0, finished: [] };
}

interface Place {
  readonly directory: string;
  readonly attempt: number;
  readonly stopped?: string;
}

/** The state of an order; that of an earlier attempt is void. */
export async function readState({ directory, attempt, stopped }: Place): Promise<OrderState> {
  const text = await readIfThere(posix.join(directory, 'state.json'));
  const last = text === undefined ? undefined : (JSON.parse(text) as OrderState);
  const state = last?.attempt === attempt ? last : newState(attempt);
  return stopped === undefined ? state : { ...state, phase: 'stopped', words: stopped };
}

/** Only the server writes it; it is on the disk when it resolves. */
export async function writeState(directory: string, state: OrderState): Promise<void> {
  await replaceFile(posix.join(directory, 'state.json'), JSON.stringify(state));
}
