import { reachedBy, type Computer } from '../domain/computer.ts';
import { ImprintError, errorChain } from '../domain/errors.ts';
import type { Requirement, SystemRequirement } from '../domain/requirement.ts';
import { freeBytes, requireWritable } from '../library/prepare.ts';
import { toolRequirements, unreached } from '../provisioners/tool-requirements.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** Which management node looks, and at which system; absent: at all that it drives. */
export interface CheckHere {
  readonly managementNode: string;
  readonly system?: string;
}

/** Where the worker runs that looks. */
const here = 'this management node';

/** What all systems need here, then what each system needs that this management node drives. Reads only; what cannot be looked at is said. */
export async function findRequirements(
  deps: ActivityDependencies,
  { managementNode, system: asked }: CheckHere,
): Promise<readonly SystemRequirement[]> {
  const computers = (await deps.catalog.computers.list()).filter((one) => reachedBy(one).includes(managementNode));
  const driven = await deps.catalog.provisioningSystems.drivenBy(managementNode);
  const all = [...new Set([...driven, ...computers.map(({ provisioningSystem }) => provisioningSystem)])].sort();
  const common = await commonRequirements(deps);
  const found = common.map((one) => ({ managementNode, system: 'every system', ...one }));
  for (const system of all.filter((name) => asked === undefined || asked === name)) {
    const nodes = computers.filter(({ provisioningSystem }) => provisioningSystem === system);
    const needed = await requirementsOf(deps, system, nodes);
    found.push(...needed.map((one) => ({ managementNode, system, ...one })));
  }
  return found;
}

async function commonRequirements({ library }: ActivityDependencies): Promise<readonly Requirement[]> {
  const context = callContext();
  const what = `library ${library.root}`;
  const tools = await toolRequirements({ shell: library.shell, where: here }, ['sealCheck', 'copies'], context);
  try {
    await requireWritable(library, context);
    const gibibytes = Math.floor((await freeBytes(library, context)) / 1024 ** 3);
    return [
      { where: here, what, found: `it can be written to, ${String(gibibytes)} GiB are free`, ok: true },
      ...tools,
    ];
  } catch (error) {
    return [unreached({ where: here, what }, error, context), ...tools];
  }
}

/** Settings that are wrong name hosts that are not meant: such a computer is a line of its own. */
async function requirementsOf(
  deps: ActivityDependencies,
  system: string,
  nodes: readonly Computer[],
): Promise<readonly Requirement[]> {
  const context = callContext();
  try {
    const provisioner = deps.provisioner(system);
    const wrong = nodes.filter((node) => provisioner.validate(node).length > 0);
    const computers = nodes.filter((node) => !wrong.includes(node));
    const observe = async (computer: Computer) => await observeShell(deps, computer);
    const request = { computers, library: deps.library, observe };
    const needed = await provisioner.requirements?.(request, context);
    const looked = needed === undefined || (needed.length === 0 && wrong.length === 0) ? [notLooked(system)] : needed;
    return [...looked, ...wrong.map((node) => wrongSettings(system, node))];
  } catch (error) {
    return [unreached({ where: here, what: system }, error, context)];
  }
}

/** Silence would look like an answer. */
function notLooked(system: string): Requirement {
  const found = 'nothing was looked at: it says nothing of what it needs, or nothing that it drives says where';
  return { where: here, what: system, found, ok: true };
}

function wrongSettings(system: string, { name }: Computer): Requirement {
  const remedy = `imprint systems show ${system} says what; imprint nodes edit ${name} --settings FILE`;
  return { where: name, what: 'settings', found: 'something is missing or wrong', ok: false, remedy };
}

async function observeShell(
  deps: ActivityDependencies,
  computer: Computer,
): Promise<{ readonly ssh: boolean; readonly reason: string }> {
  const context = callContext();
  const shell = deps.provisioner(computer.provisioningSystem).guestShell?.(computer) ?? deps.nodeShell(computer);
  try {
    await shell.run('true', [], { signal: context.signal, timeoutMs: 30_000 });
    return { ssh: true, reason: `${shell.host} answered` };
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof ImprintError) return { ssh: false, reason: errorChain(error) };
    throw error;
  }
}
