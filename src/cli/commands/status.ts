import type { Command } from 'commander';
import type { NodeStatus } from '../../domain/node-status.ts';
import { addCommand } from '../command.ts';
import { readNodeStatus } from '../read-node-status.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { fields } from '../style.ts';

export function addStatusCommand(program: Command, session: Session): void {
  addCommand(program, 'status <node>', {
    summary: 'read whether a node is loaded and prepared, and why not',
    examples: ['imprint status lab-07', 'imprint status lab-07 --json'],
  }).action(async (node: string, options: OutputOptions) => {
    const status = await readNodeStatus(session, node);
    printResult(session, options, { node, ...status }, describeStatus(node, status));
  });
}

/** The keys that were looked at, each with its reason. */
export function describeStatus(node: string, status: NodeStatus): string {
  const { ping, ssh, rpower, nodeset, nodetype, currentimage } = status;
  const seen = { ping: yesNo(ping), ssh: yesNo(ssh), rpower: rpower?.value, nodeset, nodetype, currentimage };
  const rows = Object.entries(seen).flatMap(([key, value]) => {
    const reason = status.reasons[key];
    return value === undefined && reason === undefined ? [] : [[`  ${key}`, value ?? '-', reason ?? ''] as const];
  });
  const why = status.reasons['status'];
  const head = `${node}: ${status.status}${why === undefined ? '' : `, ${why}`}`;
  return [head, ...(rows.length === 0 ? [] : [fields(rows)]), ...differenceOf(status)].join('\n');
}

/** What is missing and what is too much, where the provisioning system has compared. */
function differenceOf({ reasons: { difference } }: NodeStatus): readonly string[] {
  if (difference === undefined) return [];
  return ['', '  - expected, + found', ...difference.split('\n').map((line) => `    ${line}`)];
}

function yesNo(value: boolean | undefined): string | undefined {
  if (value === undefined) return undefined;
  return value ? 'yes' : 'no';
}
