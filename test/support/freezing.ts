import type { ModuleDependencies } from '../../src/activities/dependencies.ts';
import type { CallContext } from '../../src/domain/call-context.ts';
import type { Fence } from '../../src/domain/fence.ts';
import { whoCalls, wrap, type Around, type CallPoint } from './tampering.ts';

/** A call before which a worker's process stands still. */
export interface FreezePoint extends Omit<CallPoint, 'when'> {
  /** Its arguments hold this text; absent: any will do. */
  readonly holding?: string;
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
  const around: Around = async (path, args, call) => {
    const { node, activity } = whoCalls();
    const here = points.filter((one) => one.node === node && one.activity === activity);
    const unguarded = here.some((point) => point.unguarded);
    const point = here.find((one) => one.call === path && !met.has(one) && holds(args, one.holding));
    if (point !== undefined) await standStill(point);
    const result = (async () => await call(unguarded ? args.map(unguard) : args))();
    if (point !== undefined) tell(point, await describe(result));
    return unguarded && path === 'catalog.claims.fence' ? raised((await result) as Fence) : await result;
  };
  return { around: (deps: ModuleDependencies): ModuleDependencies => wrap(deps, '', around) };
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
