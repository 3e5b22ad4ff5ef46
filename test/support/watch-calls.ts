import type { ModuleDependencies } from '../../src/activities/dependencies.ts';
import type { WorkerConfig } from '../../src/config.ts';
import { createSimulatedProvisioner, createSimulatedWorld, directoryStore } from '../../src/provisioners/registry.ts';
import type { WorldStore } from '../../src/provisioners/simulated/store.ts';
import { wrap, type Around } from './tampering.ts';

/** The path of a change of a machine of the simulated world, as `around` sees it. */
export const worldChange = 'world.change';

/**
 * Lets every call of the activities go through `around`, and besides every change of the simulated world right before it is made: that is as
 * near to the act as one can stand.
 */
export function watchCalls(
  deps: ModuleDependencies,
  { IMPRINT_SIMULATED_WORLD: directory = '' }: Pick<WorkerConfig, 'IMPRINT_SIMULATED_WORLD'>,
  around: Around,
): ModuleDependencies {
  const store = watchStore(directoryStore(directory), around);
  const simulated = createSimulatedProvisioner(createSimulatedWorld({ seed: directory, store }));
  const provisioner: ModuleDependencies['provisioner'] = (name) =>
    name === 'simulated' ? simulated : deps.provisioner(name);
  return wrap({ ...deps, provisioner }, '', around);
}

/** Tried first on the text as it is, without the lock: a process that stood still with it would keep everybody else out. */
function watchStore(store: WorldStore, around: Around): WorldStore {
  return {
    ...store,
    update: async (key, change) => {
      const text = await store.read(key);
      if (!wouldChange(() => change(text).text, text)) return await store.update(key, change);
      const call = async () => await store.update(key, change);
      return (await around(worldChange, [key], call)) as ReturnType<typeof change>['result'];
    },
  };
}

/** What the change throws it throws again when it is made. */
function wouldChange(change: () => string, text: string | undefined): boolean {
  try {
    return change() !== text;
  } catch {
    return false;
  }
}
