import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Computer } from '../../domain/computer.ts';
import type { Stray, StrayRequest } from '../provisioner.ts';
import { currentDefinition } from './define.ts';
import { parseDefinition } from './definition.ts';
import { isInside } from './names.ts';
import { type LibvirtDeps, type LibvirtNode, openNode } from './node.ts';
import { hostName, settingsProblems } from './settings.ts';
import { strayFiles, tagOfFile } from './stray-files.ts';

/** One directory for disks on one host, with the nodes that live in it. */
interface DiskPlace {
  /** Any of them: the way to the host. */
  readonly node: LibvirtNode;
  readonly where: string;
  readonly nodes: readonly LibvirtNode[];
  /** All that computers name on this host, wherever their disks lie. */
  readonly domains: ReadonlySet<string>;
}

/**
 * Domains that no computer names and whose disks lie among ours; files with the names that loads give, of no
 * domain and of no run; and disks that were set aside for a revision that needs them no more.
 */
export async function findStrays(
  deps: LibvirtDeps,
  request: StrayRequest,
  context: CallContext,
): Promise<readonly Stray[]> {
  const nodes = request.everyComputer.filter(isUsable).map((computer) => openNode(deps, computer));
  const strays: Stray[] = [];
  for (const place of placesOf(nodes, request.computers)) {
    strays.push(...(await strayDomains(place, context)), ...(await filesOf(place, request, context)));
  }
  return strays;
}

function isUsable(computer: Computer): boolean {
  return settingsProblems(computer).length === 0;
}

/** A host is the same for two nodes when they reach it with the same settings; that of `local` is the management node. */
function placesOf(nodes: readonly LibvirtNode[], computers: readonly Computer[]): readonly DiskPlace[] {
  const keyOf = (node: LibvirtNode): string => JSON.stringify([hostOf(node), node.settings.diskDirectory]);
  const here = nodes.filter(({ computer }) => computers.some(({ name }) => name === computer.name));
  const first = new Map(here.map((node) => [keyOf(node), node]));
  return [...first].map(([key, node]) => ({
    node,
    where: `host ${hostName(node.computer)}`,
    nodes: nodes.filter((other) => keyOf(other) === key),
    domains: new Set(nodes.filter((other) => hostOf(other) === hostOf(node)).map(({ domain }) => domain)),
  }));
}

function hostOf({ computer, settings: { host, uri } }: LibvirtNode): string {
  return JSON.stringify([host.kind === 'local' ? computer.managementNode : host, uri]);
}

async function strayDomains(
  { node, where, domains: known }: DiskPlace,
  context: CallContext,
): Promise<readonly Stray[]> {
  const strays: Stray[] = [];
  for (const name of (await node.virsh.list(context.signal)).filter((found) => !known.has(found))) {
    const text = await node.virsh.definition(name, context.signal);
    const directory = node.settings.diskDirectory;
    const disks = text === undefined ? [] : parseDefinition(text).disks;
    if (!disks.some(({ path = '' }) => isInside(directory, path))) continue;
    strays.push({
      subject: name,
      where,
      why: `its disks lie in ${directory}, and no node has this domain`,
      remedy: `Add it as a node, or look what it holds and remove it with virsh undefine ${name}`,
    });
  }
  return strays;
}

async function filesOf(
  { node, where, nodes }: DiskPlace,
  request: StrayRequest,
  context: CallContext,
): Promise<readonly Stray[]> {
  const found = await listFiles(node, context);
  const strays: Stray[] = [];
  for (const [directory, paths] of byDirectory(found, node.settings.diskDirectory)) {
    const owner = nodes.find((one) => one.directory === directory);
    const definition = owner === undefined ? undefined : await currentDefinition(owner, context);
    const used = definition?.disks.flatMap(({ path }) => path ?? []) ?? [];
    const log = definition?.consoleLog ?? [];
    const kept = owner !== undefined && (await request.isKept(owner.computer.name));
    const runs = [...(await request.owners()), ...(definition?.load === undefined ? [] : [definition.load.run])];
    const left = strayFiles(paths, { directory, used: [...used, ...[log].flat()], runs, kept });
    strays.push(...left.map((path) => strayFile(path, where, owner)));
  }
  return strays;
}

function strayFile(path: string, where: string, owner: LibvirtNode | undefined): Stray {
  const of = owner === undefined ? 'of no node' : `of node ${owner.computer.name}, which does not use it`;
  return {
    subject: path,
    where,
    why: `a run that owns nothing any more (tag ${tagOfFile(path) ?? 'unknown'}) has left it, ${of}`,
    remedy:
      'Look what it holds; the next load of the node removes it unless it was set aside, otherwise remove it by hand.',
  };
}

/** Files and jobs in the nodes' directories, and what was set aside there. */
async function listFiles({ shell, settings }: LibvirtNode, context: CallContext): Promise<readonly string[]> {
  const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
  const { stdout } = await shell.run('find', [settings.diskDirectory, '-mindepth', '2', '-maxdepth', '3'], options);
  return stdout.split('\n').filter((path) => path !== '');
}

/** By the node's directory that they lie in. */
function byDirectory(paths: readonly string[], root: string): ReadonlyMap<string, readonly string[]> {
  const nameOf = (path: string): string => posix.join(root, posix.relative(root, path).split('/')[0] ?? '');
  const names = [...new Set(paths.filter((path) => tagOfFile(path) !== undefined).map(nameOf))];
  return new Map(names.map((name) => [name, paths.filter((path) => nameOf(path) === name)]));
}
