import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** Writes the code of all workflows to one file. `workflowsPath` is their index, compiled or not. */
export async function bundleWorkflows(workflowsPath: string, file: string): Promise<void> {
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  await writeFile(file, code);
}
