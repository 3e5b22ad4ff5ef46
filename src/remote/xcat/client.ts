import { posix } from 'node:path';
import type { Fence } from '../../domain/fence.ts';
import type { CommandResult, Shell } from '../shell.ts';
import { parseAnswer, wordOf } from './answer.ts';
import { type XcatCommand, xcatFailure } from './failure.ts';
import { parseAttributes } from './lsdef.ts';
import { type BootTarget, parseBootTarget } from './nodeset.ts';
import { type NodeStage, parseNodeStage } from './nodestat.ts';
import { parseProvisioned } from './rinstall.ts';
import { LOCKED_COMMAND } from './scripts.ts';

/** Where xCAT is on the host of its management node. */
export interface XcatPlace {
  readonly shell: Shell;
  /** `/opt/xcat`: the clients lie in its `bin` and `sbin`. */
  readonly root: string;
  /** Where the locks lie, one a node. */
  readonly lockDirectory: string;
}

/** How to stop, and, for what a run does, its right to act on the node. */
export interface XcatCall {
  readonly signal: AbortSignal;
  readonly fence?: Fence;
}

export type RpowerAction = 'on' | 'off' | 'softoff' | 'reset' | 'boot';

/**
 * xCAT's client commands, each about one node: the exit status of a command about several says nothing of one. An action resolves once xcatd has accepted
 * it, which is not when it is done. Errors are of the classes in failure.ts.
 */
export interface Xcat {
  /** The word of `rpower NODE stat`. */
  powerWord(node: string, call: XcatCall): Promise<string>;
  power(node: string, action: RpowerAction, call: XcatCall): Promise<string>;
  bootTarget(node: string, call: XcatCall): Promise<BootTarget>;
  /** `boot`, `osimage=NAME`, or a word that the site has taught nodeset. */
  setBootTarget(node: string, target: string, call: XcatCall): Promise<BootTarget>;
  stage(node: string, call: XcatCall): Promise<NodeStage>;
  /** NotFoundError when there is no such node. */
  attributes(node: string, names: readonly string[], call: XcatCall): Promise<Readonly<Record<string, string>>>;
  imageAttributes(image: string, names: readonly string[], call: XcatCall): Promise<Readonly<Record<string, string>>>;
  /** Sets attributes of the node; an empty value clears one. */
  setAttributes(node: string, values: Readonly<Record<string, string>>, call: XcatCall): Promise<void>;
  /** Boot target, network as boot device and reset in one. */
  install(node: string, target: string, call: XcatCall): Promise<void>;
}

/** Seconds: an answer takes 0.3 to 0.7, a BMC that is gone 15, one that does not know the user up to 79. */
const LIMIT_SECONDS = 120;
const INSTALL_LIMIT_SECONDS = 300;

/** How long a command waits for the one before it. */
const LOCK_SECONDS = 180;

/** What chdef prints when it has done it; without a word it has not. */
const CHANGED = /^(?:\[[^\]]*\]:\s+)?\d+ object definitions have been created or modified/m;

export function createXcat(place: XcatPlace): Xcat {
  const ask = async (
    command: XcatCommand,
    args: readonly string[],
    call: XcatCall,
    limit: number = LIMIT_SECONDS,
  ): Promise<CommandResult> => {
    const result = await runLocked(place, { command, args, limit }, call);
    if (result.exitCode !== 0) throw xcatFailure(command, result);
    return result;
  };
  /** The node's own word; without one the command has failed, whatever its status says. */
  const word = async (command: XcatCommand, args: readonly string[], call: XcatCall): Promise<string> => {
    const result = await ask(command, args, call);
    const found = wordOf(parseAnswer(result), command.node);
    if (found === undefined || found === '') throw xcatFailure(command, result);
    return found;
  };
  const attributes = async (type: readonly string[], object: string, names: readonly string[], call: XcatCall) => {
    const command = { verb: 'lsdef', node: object, manner: 'reads' } as const;
    const result = await ask(command, [...type, object, '-i', names.join(','), '-c'], call);
    const found = parseAttributes(result.stdout, object);
    // An attribute that is not set is shown empty: one that is not shown was not read.
    if (names.some((name) => found[name] === undefined)) throw xcatFailure(command, result);
    return found;
  };
  return {
    powerWord: (node, call) => word({ verb: 'rpower', node, manner: 'reads' }, [node, 'stat'], call),
    power: (node, action, call) => word({ verb: 'rpower', node, manner: 'acts' }, [node, action], call),
    bootTarget: async (node, call) =>
      parseBootTarget(await word({ verb: 'nodeset', node, manner: 'reads' }, [node, 'stat'], call)),
    setBootTarget: async (node, target, call) =>
      parseBootTarget(await word({ verb: 'nodeset', node, manner: 'acts' }, [node, target], call)),
    stage: async (node, call) => parseNodeStage(await word({ verb: 'nodestat', node, manner: 'reads' }, [node], call)),
    attributes: (node, names, call) => attributes([], node, names, call),
    imageAttributes: (image, names, call) => attributes(['-t', 'osimage', '-o'], image, names, call),
    async setAttributes(node, values, call) {
      const pairs = Object.entries(values).map(([name, value]) => `${name}=${value}`);
      if (pairs.length === 0) return;
      const command = { verb: 'chdef', node, manner: 'acts' } as const;
      const result = await ask(command, [node, ...pairs], call);
      if (!CHANGED.test(result.stdout)) throw xcatFailure(command, result);
    },
    async install(node, target, call) {
      const command = { verb: 'rinstall', node, manner: 'acts' } as const;
      const result = await ask(command, [node, target], call, INSTALL_LIMIT_SECONDS);
      if (!parseProvisioned(result.stdout).includes(node)) throw xcatFailure(command, result);
    },
  };
}

/** Absolute, because ClusterShell has a `nodeset` too, which a PATH may name first. */
export function clientPath({ root }: Pick<XcatPlace, 'root'>, verb: string): string {
  return posix.join(root, ['nodeset', 'packimage'].includes(verb) ? 'sbin' : 'bin', verb);
}

/** The lock of a node: a file that all who use this xCAT from this host open. */
export function lockOf({ lockDirectory }: Pick<XcatPlace, 'lockDirectory'>, node: string): string {
  return posix.join(lockDirectory, `${node}.lock`);
}

async function runLocked(
  place: XcatPlace,
  { command, args, limit }: { readonly command: XcatCommand; readonly args: readonly string[]; readonly limit: number },
  { signal, fence }: XcatCall,
): Promise<CommandResult> {
  const { verb, node, manner } = command;
  const right = fence === undefined ? ['', ''] : [JSON.stringify(fence.owner), String(fence.epoch)];
  const own = [lockOf(place, node), String(LOCK_SECONDS), String(limit), node, manner, ...right];
  const script = ['-c', LOCKED_COMMAND, 'imprint-xcat', ...own, clientPath(place, verb), ...args];
  return await place.shell.run('sh', script, {
    signal,
    timeoutMs: (LOCK_SECONDS + limit + 30) * 1000,
    // What each status means is known only with what was printed.
    allowedExitCodes: Array.from({ length: 256 }, (_, code) => code),
  });
}
