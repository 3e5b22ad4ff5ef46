import type { CallContext } from '../../domain/call-context.ts';
import type { Computer } from '../../domain/computer.ts';
import {
  CommandFailedError,
  NotFoundError,
  OutcomeUnknownError,
  UnauthorizedError,
  UnavailableError,
} from '../../domain/errors.ts';
import type { CommandResult, RunOptions, Shell, TransferOptions } from '../../remote/shell.ts';
import { applyGuestChange, seal, type GuestChange } from './guest-programs.ts';
import { HOST_KEY, systemOf, type Machine } from './machine.ts';
import { answers, forceOff } from './power-transitions.ts';
import { settingsOf } from './settings.ts';
import { askMachineOff, startMachine } from './start-machine.ts';
import { pause, type SimulatedWorld } from './world.ts';

/**
 * The way to the operating system of a simulated machine. Its programs: `files` prints all files as JSON; `change ACTION` takes a GuestChange
 * on its standard input; `seal REVISION off|on|reboot`; `shutdown`; `reboot`. Unreachable while it is off, boots, or has no host keys.
 */
export function guestShell(world: SimulatedWorld, computer: Computer): Shell {
  const guest = { world, computer };
  return {
    host: `simulated:${computer.name}`,
    run: async (file, args, options) => {
      const stdout = await runProgram(guest, [file, ...args], options);
      return { command: [file, ...args].join(' '), exitCode: 0, stdout, stderr: '', durationMs: 0 };
    },
    download: async (path, options) => {
      const content = (await readFiles(guest, options))[path];
      if (content === undefined) throw new NotFoundError(`read ${path} on ${computer.name}`);
      return Buffer.from(content);
    },
    upload: async (content, path, options) => {
      const text = Buffer.from(content).toString('utf8');
      await changeFiles(guest, `write ${path}`, { set: { [path]: text }, remove: [] }, options);
    },
  };
}

interface Guest {
  readonly world: SimulatedWorld;
  readonly computer: Computer;
}

type Limits = Pick<RunOptions, 'signal'> | Pick<TransferOptions, 'signal'>;

async function runProgram(
  guest: Guest,
  command: readonly string[],
  options: RunOptions,
): Promise<CommandResult['stdout']> {
  const [program, first = '', second = ''] = command;
  if (program === 'files') return JSON.stringify(await readFiles(guest, options));
  if (program === 'change') {
    const change = JSON.parse(Buffer.from(options.stdin ?? '').toString('utf8')) as GuestChange;
    return changeFiles(guest, first, change, options);
  }
  if (program === 'seal') return sealGuest(guest, { revision: first, endState: second }, options);
  if (program === 'shutdown' || program === 'reboot') return endSession(guest, program, options);
  throw new CommandFailedError(`run ${command.join(' ')} on ${guest.computer.name}: no such program`);
}

async function readFiles(guest: Guest, { signal }: Limits): Promise<Readonly<Record<string, string>>> {
  return systemOf((await connect(guest, signal)).machine)?.files ?? {};
}

async function changeFiles(guest: Guest, action: string, change: GuestChange, limits: Limits): Promise<string> {
  const { world, computer } = guest;
  const { session } = await connect(guest, limits.signal);
  return world.suffer({ node: computer.name, at: action }, contextOf(limits), async () => {
    if (action === 'preCapture') await pause(settingsOf(computer).preCaptureSeconds * 1000, limits.signal);
    const changed = await world.change(computer, { name: action }, (machine) => {
      requireAnswer(guest, machine, session);
      return applyGuestChange(machine, change);
    });
    return JSON.stringify(systemOf(changed)?.files ?? {});
  });
}

/** One script of the guest itself: begun in one boot it does nothing in the next. */
async function sealGuest(
  guest: Guest,
  request: { readonly revision: string; readonly endState: string },
  { signal }: Limits,
): Promise<string> {
  const { world, computer } = guest;
  signal.throwIfAborted();
  const { boots: session } = await world.machine(computer);
  await world.suffer({ node: computer.name, at: 'seal' }, contextOf({ signal }), () =>
    world.change(computer, { name: 'seal' }, (machine) => {
      // Sealed before, by an earlier attempt: its script is under way or done, and there is nobody left to answer.
      if (machine.loaded?.sealed?.revision === request.revision) return machine;
      requireAnswer(guest, machine, session);
      return seal(machine, request.revision);
    }),
  );
  if (request.endState === 'off') return endSystem(guest, 'shutdown', session);
  return request.endState === 'reboot' ? endSystem(guest, 'reboot', session) : '';
}

async function endSession(guest: Guest, how: 'shutdown' | 'reboot', { signal }: Limits): Promise<string> {
  const { session } = await connect(guest, signal);
  return endSystem(guest, how, session);
}

async function endSystem({ world, computer }: Guest, how: 'shutdown' | 'reboot', session: number): Promise<string> {
  if (how === 'shutdown') {
    await askMachineOff(world, computer, session);
    return '';
  }
  await world.change(computer, {}, (machine) => (machine.boots === session ? forceOff(machine, world.now()) : machine));
  await startMachine(world, computer, { name: 'reboot' });
  return '';
}

/** A connection lives as long as the boot that answered it. */
async function connect(
  guest: Guest,
  signal: AbortSignal,
): Promise<{ readonly machine: Machine; readonly session: number }> {
  signal.throwIfAborted();
  const machine = await guest.world.machine(guest.computer);
  requireAnswer(guest, machine, machine.boots);
  return { machine, session: machine.boots };
}

function requireAnswer({ world, computer }: Guest, machine: Machine, session: number): void {
  const doing = `connect to ${computer.name}`;
  if (!answers(machine, world.now())) throw new UnavailableError(`${doing}: nothing answers (simulated)`);
  if (machine.boots !== session) throw new OutcomeUnknownError(`${doing}: the connection was lost (simulated)`);
  const key = systemOf(machine)?.files[HOST_KEY];
  if (computer.hostKeys === undefined || computer.hostKeys.some((known) => known === key)) return;
  throw new UnauthorizedError(`${doing}: its host key is not the expected one`);
}

function contextOf({ signal }: Limits): CallContext {
  return { signal, progress: () => undefined };
}
