import { workflowCode, type WorkflowCode } from '../../src/worker/workflow-code.ts';

/** Names the file in which `npm test` has bundled the workflows of this checkout. */
export const bundleVariable = 'IMPRINT_TEST_WORKFLOWS';

/** For workers of tests: some hundred of them start, and bundling takes each two to four seconds of a processor. Without `npm test` each bundles. */
export function bundledOnce(): WorkflowCode {
  const codePath = process.env[bundleVariable];
  return codePath === undefined ? workflowCode() : { workflowBundle: { codePath } };
}
