import type { CurrentImage } from './current-image.ts';
import { nameOfRevision, type Revision } from './image.ts';
import type { PowerReading } from './power.ts';

/** READY: what was expected is loaded and prepared. POST_LOAD: loaded, postLoad still to run. RELOAD: anything else. */
export type NodeStatusValue = 'READY' | 'POST_LOAD' | 'RELOAD';

/** The answer of node_status, with the keys of Apache VCL's provisioning interface, each with its reason in words. */
export interface NodeStatus {
  readonly status: NodeStatusValue;
  /** Whether the address answers at all (a TCP connection counts, since user networks pass no ICMP); absent when not tried. */
  readonly ping?: boolean;
  /** Whether an SSH session with a verified host key could be opened. */
  readonly ssh?: boolean;
  readonly rpower?: PowerReading;
  /** What the machine would boot next (bare metal: `boot`, `image` …). */
  readonly nodeset?: string;
  /** The revision that the provisioning system believes is on the node. */
  readonly nodetype?: string;
  /** The revision that the node itself names. */
  readonly currentimage?: string;
  /**
   * Why: one sentence for each key above that was looked at, and for `status`. Beside them `difference`, where what is there was compared with what is
   * expected: lines `- expected` and `+ found`.
   */
  readonly reasons: Readonly<Record<string, string>>;
}

/** What was observed of a node, from which the status follows. */
export interface NodeObservation {
  readonly ssh: boolean;
  readonly currentImage?: CurrentImage;
}

/**
 * Decides as Apache VCL does (its base module's node_status): no SSH, no or another revision, or a tainted system means RELOAD; a
 * system whose postLoad has not succeeded means POST_LOAD. Beyond VCL, which trusts the number alone, the name is compared too.
 * Without an expected revision a prepared, untainted system of any revision is READY.
 */
export function decideStatus(
  seen: NodeObservation,
  expected: Revision | undefined,
): { readonly status: NodeStatusValue; readonly reason: string } {
  const current = seen.currentImage;
  if (!seen.ssh) return reload('no SSH session could be opened');
  if (current?.revisionId === undefined) return reload('currentimage.txt names no revision');
  if (expected && (current.revisionId !== expected.id || current.name !== nameOfRevision(expected))) {
    return reload(
      `${current.name} (id ${String(current.revisionId)}) is loaded, ${nameOfRevision(expected)} (id ${String(expected.id)}) is expected`,
    );
  }
  if (current.tainted !== undefined) return reload(`the system is tainted: ${current.tainted}`);
  if (current.postLoad === undefined)
    return { status: 'POST_LOAD', reason: `${current.name} is loaded, postLoad has not succeeded yet` };
  return { status: 'READY', reason: `${current.name} is loaded and prepared` };
}

function reload(reason: string): { readonly status: NodeStatusValue; readonly reason: string } {
  return { status: 'RELOAD', reason };
}
