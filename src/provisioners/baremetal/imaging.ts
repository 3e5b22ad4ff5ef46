import type { CallContext } from '../../domain/call-context.ts';
import type { Problem } from '../../domain/computer.ts';

/**
 * What the provisioner asks of the imaging environment: a machine that boots over the network asks its management node what to do, and does it. The
 * worker wires it to src/imaging.
 */
export interface Imaging {
  /** Why no machine is served; empty when machines are. */
  problems(): readonly Problem[];
  /** Asks, as a machine's firmware does, and answers the address that has answered. UnavailableError when it does not. */
  look(context: CallContext): Promise<string>;
  /** Which other run has an order for one of these cards; undefined when none has. */
  otherRun(macAddresses: readonly string[], run: string): Promise<string | undefined>;
  /**
   * Opens an order for a machine. The same again: success, with what was done already.
   * ConflictError when a later attempt has taken over, or another run has an open order for one of its cards.
   */
  order(order: ImagingOrder): Promise<void>;
  /** How far the machine is; undefined when there is no such order. */
  progress(name: OrderName): Promise<ImagingProgress | undefined>;
  /**
   * Ends the work of an order, whose machine is told to power off for as long as the order lies there: it is not let go to its disk. The order placed
   * again is open again. Of nothing: success. ConflictError when a later attempt has taken over.
   */
  stop(name: OrderOfAttempt, words: string): Promise<void>;
  /**
   * Removes an order: a machine that boots over the network after that is sent to its disk. Of nothing: success. ConflictError when a later attempt has
   * taken over.
   */
  withdraw(name: OrderOfAttempt): Promise<void>;
}

/** A run has at most one order for each step. */
export interface OrderName {
  /** Workflow id. */
  readonly run: string;
  readonly step: string;
}

/** An order as one attempt of its run names it. */
export type OrderOfAttempt = OrderName & { readonly epoch: number };

/** How a disk of the machine is found; all that is given must hold of exactly one. */
export interface DiskSelect {
  readonly serial?: string;
  readonly sizeBytes?: number;
  /** `/dev/sda`. */
  readonly path?: string;
}

/** What shows later that a disk was not touched, as the environment found it: tables, mount counts and times. Kept and given back as it is. */
export type DiskRecord = Record<string, unknown> & { readonly name: string };

export interface CaptureWork {
  readonly kind: 'capture';
  /** `file`: where its chunks are kept, absolute on the management node. */
  readonly disks: { readonly name: string; readonly select: DiskSelect; readonly file: string }[];
  /** What an earlier look at these disks has found: a disk that differs is not read. */
  readonly expected?: DiskRecord[];
}

export interface LoadWork {
  readonly kind: 'load';
  /** `sizeBytes`: of the disk that was captured; a smaller target is refused before anything is written. */
  readonly disks: {
    readonly name: string;
    readonly select: DiskSelect;
    readonly file: string;
    readonly sizeBytes: number;
  }[];
  /** Whether the last partition of each disk grows to the disk's end, with its file system where that can grow. */
  readonly grow: boolean;
  /** Whether SSH host keys are made in the loaded system and reported. */
  readonly hostKeys: boolean;
}

export interface ImagingOrder extends OrderName {
  readonly epoch: number;
  readonly node: string;
  /** Lower case, with colons. */
  readonly macAddresses: string[];
  readonly work: CaptureWork | LoadWork;
}

export interface ImagingProgress {
  readonly state: 'waiting' | 'booted' | 'working' | 'done' | 'failed' | 'stopped';
  /** Of the disks that are read or written. */
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** What is being done, or why it failed. */
  readonly words: string;
  /** When the machine was last heard of, milliseconds since 1970; 0 when it never was. */
  readonly at: number;
  readonly report?: ImagingReport | undefined;
}

/** What the machine told of its work. */
export interface ImagingReport {
  readonly disks?: readonly DiskRecord[] | undefined;
  /** `ssh-ed25519 AAAA…`. */
  readonly hostKeys?: readonly string[] | undefined;
  /** What was left as it is, and why. */
  readonly notes: readonly string[];
}
