import type { NodeInput } from '../domain/inputs.ts';
import type { NodeStatus } from '../domain/node-status.ts';
import { catalog, onNode } from './activities.ts';
import { recordOutcome, runProcedure } from './procedure.ts';
import { requireInput } from './require-input.ts';
import { recordNode } from './record-search-attributes.ts';
import { Steps } from './steps.ts';

/** Reads a node's status. It claims nothing and changes nothing. Procedure: docs/procedures/check-node.md */
export async function checkNode(input: NodeInput): Promise<NodeStatus> {
  const { node } = requireInput(input);
  const steps = new Steps(node, `Status of ${node}`);

  return await runProcedure(steps, async () => {
    // 1. Find the node.
    const { revisionId, ...found } = await steps.take(
      '1',
      `Find ${node}`,
      async (step) => await catalog(`Find ${node}`).findNode({ ...step, input }),
      { noUndo: 'It only reads.' },
    );
    if (found.because !== undefined) steps.remark('1', found.because);
    recordNode(node, found);

    // 2. Read its status.
    const status = await steps.take(
      '2',
      `Read the status of ${node}`,
      async (step) =>
        await onNode(found.managementNode, 'guest', `Status of ${node}`).readNodeStatus({
          ...step,
          ...(revisionId === undefined ? {} : { revisionId }),
        }),
      { noUndo: 'It only reads.' },
    );
    await recordOutcome(steps, 'completed', `${node} is ${status.status}`);
    return status;
  });
}
