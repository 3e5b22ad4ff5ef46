import type { Computer } from '../domain/computer.ts';
import { InvalidInputError } from '../domain/errors.ts';
import type { Statements } from './database.ts';
import { idOfManagementNode } from './management-nodes.ts';

/** Makes the management nodes that reach a computer, besides its own, those that are given. NotFoundError names one that does not exist. */
export async function writeReach(
  statements: Statements,
  { name, managementNode, alsoReachedBy = [] }: Pick<Computer, 'name' | 'managementNode' | 'alsoReachedBy'>,
): Promise<void> {
  if (alsoReachedBy.includes(managementNode)) {
    throw new InvalidInputError(`${managementNode} is the management node of ${name}: name only others that reach it`);
  }
  await statements.rows(
    'DELETE FROM computer_management_nodes WHERE computer_id = (SELECT id FROM computers WHERE name = $1)',
    [name],
  );
  for (const other of alsoReachedBy) {
    const id = await idOfManagementNode(statements, other);
    await statements.rows(
      `INSERT INTO computer_management_nodes (computer_id, management_node_id)
       SELECT id, $2 FROM computers WHERE name = $1 ON CONFLICT DO NOTHING`,
      [name, id],
    );
  }
}
