import type { VmImprint } from '../../test/support/vm-imprint.ts';
import type { Stage } from '../stage.ts';
import type { CopyWatch } from './copies.ts';
import type { Relay } from './relay.ts';

/** A stage whose machines are real: libvirt domains, their guests' sshd, and the processes that copy their disks. */
export interface RealStage extends Stage {
  readonly vm: VmImprint;
  readonly copies: CopyWatch;
  /** In front of each guest's SSH port, by node. */
  readonly relays: ReadonlyMap<string, Relay>;
  /** Copies whose process was killed: they must begin again. */
  readonly copiesKilled: { readonly target: string; readonly bytes: number }[];
  /** When the libvirt daemon was away, in milliseconds since 1970: a machine that it was just starting, it ends, and it must be started again. */
  readonly hostAway: { readonly from: number; readonly to: number }[];
}
