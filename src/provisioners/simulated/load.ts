import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Problem } from '../../domain/computer.ts';
import { ConflictError, NotFoundError } from '../../domain/errors.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import { parseSimulatedDisk, type SimulatedDisk } from '../../domain/simulated-disk.ts';
import type { LoadRequest, Loading, StepImplementation } from '../provisioner.ts';
import {
  discardNewDisk,
  putBack,
  putNewDisk,
  retireOutgoing,
  setDrivesAside,
  stopForLoad,
} from './drive-transitions.ts';
import { diskOf } from './disk-of-step.ts';
import { loadPlan } from './load-plan.ts';
import { without } from './machine.ts';
import { forceOff } from './power-transitions.ts';
import { settingsOf, settingsProblems } from './settings.ts';
import { startMachine } from './start-machine.ts';
import { completeWork, endWork } from './world-job.ts';
import type { SimulatedWorld } from './world.ts';

type LoadImplementation = StepImplementation<LoadRequest>;

/** Faults: `stop`, `setAside`, `fill-<disk>`, `start`, `retire`, `unload`. */
export function simulatedLoading(world: SimulatedWorld): Loading {
  return {
    check: async (request) => check(request),
    plan: async (request) => loadPlan(request),
    steps: {
      stop: stopStep(world),
      setAside: setAsideStep(world),
      fill: fillStep(world),
      start: startStep(world),
      retire: retireStep(world),
    },
    unload: (computer, fence, context) =>
      world.suffer({ node: computer.name, at: 'unload' }, context, async () => {
        await world.change(computer, { name: 'unload', fence }, (machine) =>
          machine.loaded === undefined ? machine : without(forceOff(machine, world.now()), 'loaded'),
        );
        return { loaded: 'nothing' };
      }),
    discardSetAside: async (computer, fence) => {
      const action = { name: 'discard-set-aside', fence };
      await world.change(computer, action, (machine) =>
        machine.setAside.length === 0 ? machine : { ...machine, setAside: [] },
      );
      return { setAside: 'nothing' };
    },
  };
}

async function check({ computer, revision }: LoadRequest): Promise<readonly Problem[]> {
  const problems = settingsProblems(computer);
  if (revision.manifest === undefined) return [...problems, { where: 'revision', problem: 'it has no manifest' }];
  const foreign = revision.manifest.disks
    .filter((disk) => disk.format !== 'simulated')
    .map((disk) => ({ where: `revision.${disk.file}`, problem: `expected a simulated disk, found ${disk.format}` }));
  return [...problems, ...foreign];
}

function stopStep(world: SimulatedWorld): LoadImplementation {
  return {
    act: (request, step, context) =>
      suffer(world, request, { step, context }, async () => {
        const { computer, fence } = request;
        await world.change(computer, { name: 'stop', fence }, (machine) =>
          stopForLoad(machine, fence.owner, world.now()),
        );
        return { power: 'off' };
      }),
    undo: async ({ computer, fence, keepOutgoing }) => {
      const { stopped } = await world.machine(computer);
      if (stopped?.run !== fence.owner) return { power: 'untouched' };
      const again = stopped.wasOn && !keepOutgoing;
      if (again) await startMachine(world, computer, { name: 'power-on', fence });
      await world.change(computer, { fence }, (machine) => without(machine, 'stopped'));
      return { power: again ? 'on' : 'off' };
    },
  };
}

function setAsideStep(world: SimulatedWorld): LoadImplementation {
  return {
    act: (request, step, context) =>
      suffer(world, request, { step, context }, async () => {
        const { computer, fence } = request;
        const action = { name: 'setAside', fence };
        const machine = await world.change(computer, action, (found) => setDrivesAside(found, fence.owner));
        return { setAside: machine.outgoing?.drive.disks.map(({ name }) => name) ?? [] };
      }),
    undo: async ({ computer, fence }) => {
      await world.change(computer, { name: 'putBack', fence }, (machine) => putBack(machine, fence.owner));
      return { outgoing: 'put back' };
    },
  };
}

function fillStep(world: SimulatedWorld): LoadImplementation {
  return {
    act: (request, step, context) =>
      suffer(world, request, { step, context }, async () => {
        const disk = await readCopy(request, step, context);
        const { computer, fence } = request;
        const bytesPerSecond = settingsOf(computer).copyBytesPerSecond;
        const work = { computer, id: step.id, fence, what: step.title, bytes: disk.usedBytes, bytesPerSecond };
        const job = await completeWork(world, work, context);
        await world.change(computer, { fence }, (machine) => putNewDisk(machine, fence.owner, disk));
        return { disk: disk.name, bytes: disk.usedBytes, job };
      }),
    undo: async ({ computer, fence }, step) => {
      await endWork(world, { computer, id: step.id, fence });
      const disk = diskOf(step);
      await world.change(computer, { fence }, (machine) => discardNewDisk(machine, fence.owner, disk));
      return { discarded: disk };
    },
  };
}

function startStep(world: SimulatedWorld): LoadImplementation {
  return {
    act: (request, step, context) =>
      suffer(world, request, { step, context }, async () => {
        const { computer, fence } = request;
        const { loaded } = await world.machine(computer);
        if (loaded?.run !== fence.owner)
          throw new ConflictError(`power ${computer.name} on: the new disks are not on it`);
        await startMachine(world, computer, { name: 'start', fence });
        return { power: 'on' };
      }),
    undo: async ({ computer, fence }) => {
      await world.change(computer, { name: 'force-off', fence }, (machine) =>
        machine.loaded?.run === fence.owner ? forceOff(machine, world.now()) : machine,
      );
      return { power: 'off' };
    },
  };
}

function retireStep(world: SimulatedWorld): LoadImplementation {
  return {
    act: (request, step, context) =>
      suffer(world, request, { step, context }, async () => {
        const { computer, fence, keepOutgoing } = request;
        const keep = keepOutgoing ? 'keep' : 'delete';
        await world.change(computer, { name: 'retire', fence }, (machine) =>
          retireOutgoing(machine, fence.owner, keep),
        );
        return { outgoing: keepOutgoing ? 'kept' : 'deleted' };
      }),
  };
}

function suffer(
  world: SimulatedWorld,
  request: LoadRequest,
  { step, context }: { readonly step: PlanStep; readonly context: CallContext },
  act: () => Promise<Evidence>,
): Promise<Evidence> {
  return world.suffer({ node: request.computer.name, at: step.id }, context, act);
}

async function readCopy(request: LoadRequest, step: PlanStep, context: CallContext): Promise<SimulatedDisk> {
  const disk = request.revision.manifest?.disks.find(({ name }) => name === diskOf(step));
  if (disk === undefined) throw new NotFoundError(`find the disk ${diskOf(step)} in the manifest`);
  const path = posix.join(request.copy.path, disk.file);
  const options = { signal: context.signal, timeoutMs: 60_000 };
  const content = await request.library.shell.download(path, options);
  // An imported disk may have had another name where it was made.
  return { ...parseSimulatedDisk(Buffer.from(content).toString('utf8'), path), name: disk.name };
}
