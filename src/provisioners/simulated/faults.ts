import type { WorldStore } from './store.ts';

/** Something that goes wrong in a simulated world. */
export interface SimulatedFault {
  /** Absent: on every node. */
  readonly node?: string;
  /** The action, as the event log names it: `preCapture`, `seal`, `shutdown`, `copy-vda`, `power-on`, `fill-vda` … */
  readonly at: string;
  /**
   * `fail`: says no before it does anything, and may be tried again. `refuse`: says no for good. `hang`: never answers. `lose-answer`: does it, and
   * the answer is lost. `damage`: does it, and the bytes are wrong.
   */
  readonly kind: 'fail' | 'refuse' | 'hang' | 'lose-answer' | 'damage';
  /** How often it happens; absent: always. */
  readonly times?: number;
}

const KEY = 'faults';

export async function addFaults(store: WorldStore, faults: readonly SimulatedFault[]): Promise<void> {
  if (faults.length === 0) return;
  await store.update(KEY, (text) => ({ text: JSON.stringify([...read(text), ...faults]), result: undefined }));
}

/** The kind of fault that happens at this action now; one of its times is used up. */
export async function takeFault(
  store: WorldStore,
  node: string,
  at: string,
): Promise<SimulatedFault['kind'] | undefined> {
  const found = read(await store.read(KEY)).find((fault) => matches(fault, node, at));
  if (found?.times === undefined) return found?.kind;
  return store.update(KEY, (text) => {
    const faults = read(text);
    const index = faults.findIndex((fault) => matches(fault, node, at));
    const fault = faults[index];
    if (fault?.times === undefined) return { text: JSON.stringify(faults), result: fault?.kind };
    const used = faults.with(index, { ...fault, times: fault.times - 1 });
    return { text: JSON.stringify(used), result: fault.kind };
  });
}

function matches(fault: SimulatedFault, node: string, at: string): boolean {
  return (fault.node ?? node) === node && fault.at === at && (fault.times ?? 1) > 0;
}

function read(text: string | undefined): SimulatedFault[] {
  return text === undefined ? [] : (JSON.parse(text) as SimulatedFault[]);
}
