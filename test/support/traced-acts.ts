import type { FreezePoint } from './freezing.ts';
import { countCalls } from './freezing.ts';
import { difference, type Snapshots } from './snapshot.ts';
import { whoCalls, type Around } from './tampering.ts';

/** One call of an activity, as it was made in a run that nobody disturbed. */
interface TracedCall extends Required<Pick<FreezePoint, 'node' | 'activity' | 'activityId' | 'call' | 'nth'>> {
  /** Whether it changed anything: in the catalog, in the library, on a machine. */
  changes: boolean;
  /** Whether a call that was made within it did. */
  changesWithin: boolean;
}

/** What changes something in an activity, in the order in which it happens. */
export interface TracedActivity {
  readonly activity: string;
  readonly acts: readonly TracedCall[];
}

/** Finds out what the activities of a run change, by looking at everything before and after each of their calls: one run at a time. */
export function traceActs(snapshots: Snapshots) {
  const traced = new Set<string>();
  const calls: TracedCall[] = [];
  const open = new Map<string, TracedCall[]>();
  const count = countCalls();
  const around: Around = async (path, _args, call) => {
    const { node, activity } = whoCalls();
    if (!traced.has(node) || isNoAct(path)) return await call();
    const one: TracedCall = { node, activity, call: path, ...count(path), changes: false, changesWithin: false };
    const outer = open.get(`${node} ${one.activityId}`) ?? [];
    open.set(`${node} ${one.activityId}`, [...outer, one]);
    calls.push(one);
    const before = await snapshots.take();
    try {
      return await call();
    } finally {
      one.changes = difference(before, await snapshots.take()).length > 0;
      open.set(`${node} ${one.activityId}`, outer);
      if (one.changes) for (const parent of outer) parent.changesWithin = true;
    }
  };
  return {
    around,
    trace: (node: string) => void traced.add(node),
    /** Those of the node's run that change something, each with what it changes. */
    activitiesOf: (node: string): readonly TracedActivity[] => {
      const own = calls.filter((one) => one.node === node && one.changes);
      const ids = [...new Set(own.map(({ activityId }) => activityId))];
      return ids.map((id) => {
        const acts = own.filter(({ activityId }) => activityId === id);
        return { activity: acts[0]?.activity ?? '', acts };
      });
    },
    /** All that were seen, whether they change something or not. */
    seen: (): ReadonlySet<string> => new Set(calls.map(({ activity }) => activity)),
  };
}

/** The boundary's own record of the step, and the proof of the claim. */
function isNoAct(path: string): boolean {
  return path === 'catalog.runs.recordStep' || path === 'catalog.claims.fence';
}

/** A place at which a worker stands still. */
export interface Standstill {
  readonly where: 'right before its act' | 'between two of its effects';
  readonly act: TracedCall;
  /** The outermost call that changes something: `provisioner().loading.steps.stop.act`. */
  readonly within: string;
}

/**
 * Where a worker stands still in an activity: as near to its first effect as can be, between that and the second one, and, where the effect is a
 * command for a guest or for power, which no epoch guards, before the call that makes it, too.
 */
export function standstillsOf({ acts }: TracedActivity): readonly Standstill[] {
  const effects = acts.filter(({ changesWithin }) => !changesWithin);
  const [outermost] = acts;
  const [first, second] = effects;
  if (outermost === undefined || first === undefined) return [];
  const within = outermost.call;
  const isCommand = acts.some(({ call }) => /guestShell|power\./.test(call));
  const before = isCommand && outermost !== first ? [outermost, first] : [first];
  return [
    ...before.map((act) => ({ where: 'right before its act', act, within }) as const),
    ...(second === undefined ? [] : [{ where: 'between two of its effects', act: second, within } as const]),
  ];
}
