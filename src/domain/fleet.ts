import { InvalidInputError } from './errors.ts';
import { parseImageName, parseName, parseRevisionNumber, revisionName } from './names.ts';

/** What stands in place of a node's name where a run is about many; no node can be called so. */
export const everyNode = '*';

/** Most nodes of one fleet: some ten events each, so that its history stays far below what Temporal takes. */
const mostNodes = 500;

/** Starts loadFleet. */
export interface LoadFleetInput {
  readonly nodes: readonly string[];
  readonly image: string;
  /** Absent means the image's production revision at the time when the fleet begins; all nodes get the same. */
  readonly revision?: number;
  /** At most so many loads at once, whatever slots there are. Default: all of them; then the slots alone decide. */
  readonly parallel: number;
}

/** A node of a fleet: the run that loads it, and what came of it. */
export interface FleetMember {
  readonly node: string;
  /** Id of its run. */
  readonly run: string;
  readonly state: 'loaded' | 'failed' | 'cancelled' | 'not begun';
  /** One sentence. */
  readonly outcome: string;
}

/** What came of a fleet. */
export interface FleetSummary {
  readonly image: string;
  readonly revision: number;
  readonly members: readonly FleetMember[];
}

/** A node of a fleet as its load needs to know it. */
export interface AdmittedNode {
  readonly node: string;
  readonly managementNode: string;
  readonly provisioningSystem: string;
}

/** A fleet whose nodes and image exist. */
export interface AdmittedFleet {
  readonly image: string;
  readonly revision: number;
  readonly parallel: number;
  readonly nodes: readonly AdmittedNode[];
}

/** Checks the input of a fleet and fills in defaults; throws one InvalidInputError that names everything that is wrong. */
export function parseLoadFleetInput(input: Partial<LoadFleetInput>): LoadFleetInput {
  const nodes: readonly unknown[] = Array.isArray(input.nodes) ? input.nodes : [];
  const wrong: string[] = [];
  const check = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      wrong.push(error.message);
      return otherwise;
    }
  };
  const names = nodes.map((node) => check(() => parseName('node', node), ''));
  const twice = new Set(names.filter((name, index) => name !== '' && names.indexOf(name) !== index));
  wrong.push(...[...twice].map((name) => `node ${name} is listed more than once`));
  if (names.length < 1 || names.length > mostNodes) {
    wrong.push(`nodes: expected 1 to ${String(mostNodes)}; got ${String(names.length)}`);
  }
  const image = check(() => parseImageName(input.image), '');
  const { revision: asked } = input;
  const revision = asked === undefined ? undefined : check(() => parseRevisionNumber(asked), 0);
  const parallel = check(() => parseParallel(input.parallel ?? names.length), 1);
  if (wrong.length > 0) throw new InvalidInputError(wrong.join('; '));
  return { nodes: names, image, ...(revision === undefined ? {} : { revision }), parallel };
}

function parseParallel(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= mostNodes) return value;
  throw new InvalidInputError(
    `parallel: expected a whole number from 1 to ${String(mostNodes)}; got ${JSON.stringify(value)}`,
  );
}

/** The id of a fleet's run. */
export function fleetRun(image: string, key: string): string {
  return `loadFleet/${image}/${key}`;
}

/** The id of the run that loads one node of a fleet: it ends in the same key as the fleet's. */
export function memberRun(fleet: string, node: string): string {
  return `loadNode/${node}/${fleet.split('/').at(-1) ?? ''}`;
}

/** `28 of 30 nodes are READY with web-v3; failed: lab-07, lab-09` */
export function describeFleet({ image, revision, members }: FleetSummary): string {
  const named = (state: FleetMember['state']): readonly string[] => {
    const nodes = members.filter((member) => member.state === state).map(({ node }) => node);
    return nodes.length === 0 ? [] : [`${state}: ${nodes.join(', ')}`];
  };
  const loaded = members.filter(({ state }) => state === 'loaded').length;
  const head = `${String(loaded)} of ${String(members.length)} nodes are READY with ${revisionName(image, revision)}`;
  return [head, ...named('failed'), ...named('cancelled'), ...named('not begun')].join('; ');
}
