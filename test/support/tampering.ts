import { Context } from '@temporalio/activity';
import type { ModuleDependencies } from '../../src/activities/dependencies.ts';
import { ConflictError, OutcomeUnknownError, type ImprintError } from '../../src/domain/errors.ts';
import type { StepRecord } from '../../src/domain/run.ts';

/** Where an activity's call of something that it works with goes wrong. */
export interface CallPoint {
  /** Node of the run that it happens to. */
  readonly node: string;
  /** `reserveRevision` */
  readonly activity: string;
  /** `catalog.revisions.reserve`, `provisioner().capturing.steps.copy.act`: the path from the dependencies of the activities. */
  readonly call: string;
  /** `before`: it never happens. `after`: it happened, and its answer is lost. */
  readonly when: 'before' | 'after';
}

/** A call that is held until the test lets it go on. */
export interface HeldCall {
  /** Resolves when the activity has come to it. */
  readonly reached: Promise<void>;
  release(): void;
}

/** Something between the activities and what they work with, in which tests let single calls fail or wait. */
export interface Tampering {
  around(deps: ModuleDependencies): ModuleDependencies;
  /**
   * The call throws, `times` times (default: always), or until what is answered is called; by default a ConflictError, which is not tried
   * again.
   */
  fail(point: CallPoint, options?: { readonly error?: ImprintError; readonly times?: number }): () => void;
  /** The call waits, once; then it goes on as if nothing had been. */
  hold(point: CallPoint): HeldCall;
  /** Every activity of the node's runs does its work, and then its first attempt fails: each step is done at least twice. */
  loseFirstAnswers(node: string): void;
  /** The same for what takes the node's steps back: each undo is done at least twice. */
  loseFirstAnswersOfUndos(node: string): void;
  /** How often the call was made, whatever became of it. */
  calls(point: Omit<CallPoint, 'when'>): number;
}

interface Trap {
  readonly point: CallPoint;
  left: number;
  spring(): Promise<void>;
}

/** What is being called, by whom. */
type Call = Omit<CallPoint, 'when'>;

export function createTampering(): Tampering {
  const traps: Trap[] = [];
  const made: Call[] = [];
  const meet = async (call: Call, when: CallPoint['when']): Promise<void> => {
    const trap = traps.find(({ point, left }) => left > 0 && point.when === when && sameCall(point, call));
    if (trap === undefined) return;
    trap.left -= 1;
    await trap.spring();
  };
  const forgetful = new Map<string, readonly StepRecord['state'][]>();
  const around: Around = async (path, args, call) => {
    const what = { ...whoCalls(), call: path };
    made.push(what);
    await meet(what, 'before');
    const result = await call();
    await meet(what, 'after');
    const states = forgetful.get(what.node) ?? [];
    if (endsFirstAttempt(states, path, args)) throw new OutcomeUnknownError('the answer was lost');
    return result;
  };
  return {
    around: (deps) => wrap(deps, '', around),
    fail: (point, { error, times = Infinity } = {}) => {
      const thrown = error ?? new ConflictError(`${point.call} of ${point.node}: refused by the test`);
      const trap = { point, left: times, spring: async () => await Promise.reject(thrown) };
      traps.push(trap);
      return () => {
        trap.left = 0;
      };
    },
    hold: (point) => {
      const reached = promiseOf();
      const released = promiseOf();
      const spring = async (): Promise<void> => {
        reached.resolve();
        await released.promise;
      };
      traps.push({ point, left: 1, spring });
      return { reached: reached.promise, release: released.resolve };
    },
    loseFirstAnswers: (node) => void forgetful.set(node, ['done', 'undone']),
    loseFirstAnswersOfUndos: (node) => void forgetful.set(node, ['undone']),
    calls: (point) => made.filter((call) => sameCall(point, call)).length,
  };
}

function sameCall(a: Call, b: Call): boolean {
  return a.node === b.node && a.activity === b.activity && a.call === b.call;
}

/** The activity that is carried out here, and the node of its run. */
export function whoCalls(): Omit<CallPoint, 'call' | 'when'> {
  const { activityType, workflowExecution } = Context.current().info;
  return { activity: activityType, node: workflowExecution?.workflowId.split('/')[1] ?? '' };
}

/** What happens around a call; `call` carries it out, with its own arguments or with others. */
export type Around = (
  path: string,
  args: readonly unknown[],
  call: (args?: readonly unknown[]) => unknown,
) => Promise<unknown>;

/** The record of a step that was done, or undone, is the last thing that its activity asks for. */
function endsFirstAttempt(states: readonly StepRecord['state'][], path: string, args: readonly unknown[]): boolean {
  if (path !== 'catalog.runs.recordStep' || Context.current().info.attempt > 1) return false;
  return states.includes((args[1] as StepRecord).state);
}

/** The same object, with every asynchronous function below it, also of what its functions return at once, going through `around`. */
export function wrap<T extends object>(target: T, path: string, around: Around): T {
  return new Proxy(target, {
    get: (object, key) => {
      const value: unknown = Reflect.get(object, key);
      if (typeof key === 'symbol' || value === null) return value;
      const here = path === '' ? key : `${path}.${key}`;
      if (typeof value === 'function') return wrapFunction(value as AnyFunction, object, { path: here, around });
      return typeof value === 'object' && !Array.isArray(value) ? wrap(value, here, around) : value;
    },
  });
}

type AnyFunction = (...args: unknown[]) => unknown;

function wrapFunction(call: AnyFunction, owner: object, { path, around }: { path: string; around: Around }) {
  const apply = (args: readonly unknown[]): unknown => Reflect.apply(call, owner, args);
  if (isFactory(path)) return (...args: unknown[]) => wrap(apply(args) as object, `${path}()`, around);
  if (synchronous.has(path)) return (...args: unknown[]) => apply(args);
  return async (...args: unknown[]) => await around(path, args, (changed = args) => apply(changed));
}

/** What gives the activities something to work with, at once. */
function isFactory(path: string): boolean {
  return ['provisioner', 'operatingSystem', 'nodeShell', 'provisioner().guestShell'].includes(path);
}

const synchronous = new Set([
  'provisioner().validate',
  'provisioner().libraryOf',
  'provisioner().capturing.classOf',
  'provisioner().hostOf',
  'provisioner().reserving.sshPort',
  'operatingSystem().hostKeysOnConsole',
]);

function promiseOf(): { readonly promise: Promise<void>; resolve(): void } {
  let settle = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: () => settle() };
}
