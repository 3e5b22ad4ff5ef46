import type { CallContext } from '../../domain/call-context.ts';
import { NotFoundError } from '../../domain/errors.ts';
import type { Requirement } from '../../domain/requirement.ts';
import { findCommands } from '../../remote/find-commands.ts';
import { clientPath } from '../../remote/xcat/client.ts';
import { xcatFailure } from '../../remote/xcat/failure.ts';
import { nameOfHost } from '../host-settings.ts';
import type { RequirementsRequest } from '../provisioner.ts';
import { unreached } from '../tool-requirements.ts';
import { openNode, type XcatDeps, type XcatNode } from './node.ts';

/** The clients that we call. */
const clients = ['rpower', 'nodestat', 'lsdef', 'chdef', 'rinstall', 'imgcapture', 'nodeset', 'packimage'];

const ASK_MS = 120_000;

/** On each host of xCAT that the computers name: its clients, and an xcatd that answers and knows each node. Without a computer nothing says where it is. */
export async function xcatRequirements(
  deps: XcatDeps,
  { computers }: RequirementsRequest,
  context: CallContext,
): Promise<readonly Requirement[]> {
  const found: Requirement[] = [];
  const nodes = computers.map((computer) => openNode(deps, computer));
  for (const node of new Map(nodes.map((one) => [placeOf(one), one])).values()) {
    const missing = await clientRequirements(node, context);
    found.push(...missing);
    if (missing.some(({ ok }) => !ok)) continue;
    for (const one of nodes.filter((other) => placeOf(other) === placeOf(node))) {
      found.push(await daemonRequirement(one, context));
    }
  }
  return found;
}

/** Nodes of one xCAT share it. */
function placeOf({ computer, settings: { host, xcatRoot } }: XcatNode): string {
  return `${nameOfHost(host, computer)} ${xcatRoot}`;
}

/** By their absolute paths, as they are called: ClusterShell has a `nodeset` too. */
async function clientRequirements(node: XcatNode, context: CallContext): Promise<readonly Requirement[]> {
  const where = `host ${nameOfHost(node.settings.host, node.computer)}`;
  const paths = clients.map((client) => clientPath(node.place, client));
  try {
    const there = await findCommands(node.shell, paths, context);
    return paths.map((what) => {
      const path = there.get(what);
      const remedy = `on ${where}: install xCAT, or say in xcatRoot where it is`;
      return path === undefined
        ? { where, what, found: 'not installed', ok: false, remedy }
        : { where, what, found: 'it is there', ok: true };
    });
  } catch (error) {
    return [unreached({ where, what: 'a shell' }, error, context)];
  }
}

/** Without the lock of the node: a look at what is needed leaves no file behind. */
async function daemonRequirement(node: XcatNode, context: CallContext): Promise<Requirement> {
  const [where, what] = [node.computer.name, `xcatd at ${nameOfHost(node.settings.host, node.computer)}`];
  const options = { signal: context.signal, timeoutMs: ASK_MS, allowedExitCodes: [...Array(256).keys()] };
  try {
    const result = await node.shell.run(clientPath(node.place, 'lsdef'), [node.name], options);
    if (result.exitCode !== 0) throw xcatFailure({ verb: 'lsdef', node: node.name, manner: 'reads' }, result);
    return { where, what, found: `it answers and knows ${node.name}`, ok: true };
  } catch (error) {
    const asked = unreached({ where, what }, error, context);
    if (!(error instanceof NotFoundError)) return asked;
    return { ...asked, remedy: `define ${node.name} in xCAT, or say in the setting node how xCAT calls it` };
  }
}
