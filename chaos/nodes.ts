import type { Sight } from './ledger.ts';
import type { Random } from './random.ts';
import type { Request } from './request.ts';

/** A node that nobody works on now. */
export interface IdleNode {
  readonly name: string;
  /** How many runs it has had. */
  readonly turns: number;
}

/** The nodes of the workload, and the images that were captured so far. */
export interface Nodes {
  /** One that nobody has taken; undefined when there is none. */
  take(random: Random): IdleNode | undefined;
  giveBack(node: IdleNode): void;
  /** Images that a load may ask for. */
  readonly images: string[];
  /** A client that loses patience does so within this time. In milliseconds. */
  readonly patienceMs: number;
  /** A run that makes sense on the node as it is. */
  draw(node: IdleNode, random: Random): Promise<Request>;
  /** How its machine is now; undefined where that says nothing about its last run. */
  see(node: IdleNode): Promise<Sight | undefined>;
}
