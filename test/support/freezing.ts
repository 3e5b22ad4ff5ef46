import { Context } from '@temporalio/activity';
import type { CallContext } from '../../src/domain/call-context.ts';
import type { Fence } from '../../src/domain/fence.ts';
import { whoCalls, type Around, type CallPoint } from './tampering.ts';

/** A call before which a worker's process stands still. */
export interface FreezePoint extends Omit<CallPoint, 'when'> {
  /** Its arguments hold this text; absent: any will do. */
  readonly holding?: string;
  /** Of which activity of the run; absent: of any of that name. */
  readonly activityId?: string;
  /** The how many-th call of that path in the attempt, from 1; absent: the first that comes. */
  readonly nth?: number;
  /** The control: nothing then keeps the call from acting, neither its epoch nor its lease. */
  readonly unguarded?: true;
}

/** What became of a call after its process went on; in the log of the process. */
export interface ThawedCall {
  readonly thawed: string;
  readonly outcome: string;
}

/** The environment variable of the points. */
export const freezePoints = 'TEST_FREEZE_POINTS';

/** Calls wait at their points for each other; when all are there, `freeze` is called once, and then they go on. */
export function createFreezing(points: readonly FreezePoint[], freeze: () => void) {
  const met = new Set<FreezePoint>();
  let goOn = (): void => undefined;
  const thawed = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const standStill = async (point: FreezePoint): Promise<void> => {
    met.add(point);
    if (met.size === points.length) {
      freeze();
      goOn();
    }
    await thawed;
  };
  const count = countCalls();
  const around: Around = async (path, args, call) => {
    const { node, activity } = whoCalls();
    const { activityId, nth } = count(path);
    const isHere = (one: FreezePoint): boolean =>
      one.node === node && one.activity === activity && (one.activityId ?? activityId) === activityId;
    const here = points.filter(isHere);
    const unguarded = here.some((point) => point.unguarded);
    const isMet = (one: FreezePoint): boolean =>
      one.call === path && !met.has(one) && (one.nth ?? nth) === nth && holds(args, one.holding);
    const point = here.find(isMet);
    if (point !== undefined) await standStill(point);
    const result = (async () => await call(unguarded ? args.map(unguard) : args))();
    if (point !== undefined) tell(point, await describe(result));
    return unguarded && path === 'catalog.claims.fence' ? raised((await result) as Fence) : await result;
  };
  return { around };
}

/** Which activity calls, and the how many-th call of that path this is in its attempt. */
export function countCalls(): (path: string) => { readonly activityId: string; readonly nth: number } {
  const counts = new Map<string, number>();
  return (path) => {
    const { activityId, attempt, workflowExecution } = Context.current().info;
    const key = [workflowExecution?.runId, activityId, attempt, path].join(' ');
    const nth = (counts.get(key) ?? 0) + 1;
    counts.set(key, nth);
    return { activityId, nth };
  };
}

function holds(args: readonly unknown[], text: string | undefined): boolean {
  return (
    text === undefined || args.some((arg) => JSON.stringify(arg ?? null).includes(JSON.stringify(text).slice(1, -1)))
  );
}

/** An epoch above every other: the fence is switched off. */
function raised(fence: Fence): Fence {
  return { ...fence, epoch: fence.epoch + 1_000_000 };
}

/** A context, or options of a command, that nothing aborts. */
function unguard(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null || !('signal' in argument)) return argument;
  const { signal } = new AbortController();
  if (!('progress' in argument)) return { ...argument, signal };
  return { signal, progress: () => undefined } satisfies CallContext;
}

async function describe(result: Promise<unknown>): Promise<string> {
  try {
    const answer = await result;
    return answer === undefined ? 'answered nothing' : `answered ${JSON.stringify(answer)}`;
  } catch (error) {
    return `refused: ${String(error)}`;
  }
}

function tell({ node }: FreezePoint, outcome: string): void {
  process.stderr.write(`${JSON.stringify({ thawed: node, outcome } satisfies ThawedCall)}\n`);
}
