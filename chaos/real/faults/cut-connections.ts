import type { Fault } from '../../fault.ts';
import { eventually } from '../../waiting.ts';
import { findBusy } from '../find-busy.ts';
import type { RealStage } from '../real-stage.ts';

const againMs = 180_000;

export const cutConnections: Fault<RealStage> = {
  kind: 'SSH connections cut',
  about: 'every SSH connection to a guest with which a worker just speaks is reset',
  weight: 2,
  oneAtATime: true,
  async strike({ relays }, random) {
    const busy = await findBusy(relays, random);
    if (busy === undefined) return { what: undefined };
    const { node, relay } = busy;
    const [at, before] = [Date.now(), relay.answered];
    const cut = relay.cut();
    const again = await eventually(
      async () => await Promise.resolve(relay.answered > before ? Date.now() : undefined),
      againMs,
    );
    const what = `${String(cut)} to ${node}`;
    return { what, ...(again === undefined ? {} : { continuedAfter: (again - at) / 1000 }) };
  },
};
