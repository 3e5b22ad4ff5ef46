import { errorChain } from '../src/domain/errors.ts';
import { ensureSystemPackages, systemPackages, type SystemNeed } from '../src/platform/packages.ts';
import { createProgressReporter } from '../src/platform/progress.ts';
import { ensurePythonTools } from '../src/platform/python-tools.ts';
import type { StateDirectory } from '../src/platform/state-directory.ts';
import { ensureTemporalBinary } from '../src/platform/temporal-binary.ts';

/** What tests need of the machine, as far as it could be had. */
export interface TestNeeds {
  /** Why a part cannot be had: `{ vm: 'missing system packages; run: …' }`. */
  readonly unavailable: Readonly<Record<string, string>>;
  /** Absolute path of Temporal's program. */
  readonly temporal: string | undefined;
  /** Does one more piece of work; where it fails, `need` is among what cannot be had, and this is said. */
  attempt<T>(need: string, work: () => Promise<T>): Promise<T | undefined>;
}

/** Installs what is missing: system packages, controllers in Python, Temporal. Several minutes on a fresh machine, nothing later. */
export async function installTestNeeds(state: StateDirectory): Promise<TestNeeds> {
  const report = createProgressReporter();
  const unavailable: Record<string, string> = {};
  const attempt = async <T>(need: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      unavailable[need] = errorChain(error);
      console.error(`Not available for tests: ${need}: ${errorChain(error)}`);
      return undefined;
    }
  };
  for (const need of Object.keys(systemPackages) as SystemNeed[]) {
    await attempt(need, () => ensureSystemPackages([need], report));
  }
  if (!('bmc' in unavailable)) await attempt('bmc', () => ensurePythonTools(state, report));
  const temporal = await attempt('temporal', () => ensureTemporalBinary(state, report));
  return { unavailable, temporal: temporal?.path, attempt };
}
