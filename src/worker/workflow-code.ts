import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  type Logger,
  type WorkerOptions,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';

/** The code of all workflows: a bundle, or where it is bundled from. */
export type WorkflowCode = Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>;

/** Made by `npm run build`; where it is missing (a checkout) the workflows are bundled at start. */
const builtBundle = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
const workflowsPath = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));

/** For a worker: that of the build, or else of the sources. */
export function workflowCode(): WorkflowCode {
  return existsSync(builtBundle) ? { workflowBundle: { codePath: builtBundle } } : { workflowsPath };
}

let bundled: Promise<WorkflowBundleWithSourceMap> | undefined;

/** The same code as one bundle, for whoever uses it several times; it is made once a process. */
export async function workflowBundle(logger: Logger): Promise<Required<Pick<WorkerOptions, 'workflowBundle'>>> {
  if (existsSync(builtBundle)) return { workflowBundle: { codePath: builtBundle } };
  bundled ??= bundleWorkflowCode({ workflowsPath, logger });
  return { workflowBundle: await bundled };
}
