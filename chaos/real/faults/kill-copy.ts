import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../fault.ts';
import { eventually } from '../../waiting.ts';
import { bytesIn, runOfTarget, sessionOf, type SeenCopy } from '../copies.ts';
import type { RealStage } from '../real-stage.ts';

/** Only a capture copies, and a machine boots for minutes before it can be captured. */
const foundMs = 600_000;
const againMs = 180_000;

export const killCopy: Fault<RealStage> = {
  kind: 'copy killed',
  about: 'SIGKILL of the qemu-img that copies a disk, alone or with everything of its job: the copy must begin again',
  weight: 3,
  oneAtATime: true,
  async strike({ copies, copiesKilled }, random) {
    const found = await eventually(async () => await Promise.resolve(copies.running().at(-1)), foundMs);
    await sleep(random.whole(0, 12_000));
    const copy = copies.running().find(({ pid }) => pid === found?.pid);
    if (copy === undefined) return { what: undefined };
    const bytes = await bytesIn(copy.target);
    const what = await end(copy, random.chance(0.5));
    if (what === undefined) return { what };
    copiesKilled.push({ target: copy.target, bytes });
    const at = Date.now();
    const isNext = ({ target, seenAt }: SeenCopy): boolean => target === copy.target && seenAt > at;
    const next = await eventually(async () => await Promise.resolve(copies.seen().find(isNext)), againMs);
    return { what, ...(next === undefined ? {} : { continuedAfter: (next.seenAt - at) / 1000 }) };
  },
};

/** Undefined when it has ended by itself meanwhile. */
async function end({ pid, target }: SeenCopy, withJob: boolean): Promise<string | undefined> {
  const session = await sessionOf(pid);
  if (session === undefined) return undefined;
  process.kill(withJob ? -session : pid, 'SIGKILL');
  return `${withJob ? 'job' : 'process'} of ${runOfTarget(target)}`;
}
