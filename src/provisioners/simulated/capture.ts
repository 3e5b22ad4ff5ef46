import type { CallContext } from '../../domain/call-context.ts';
import type { Computer } from '../../domain/computer.ts';
import { DeadlineError, IntegrityError, NotFoundError, NotReadyError } from '../../domain/errors.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import { formatSimulatedDisk, type SimulatedDisk } from '../../domain/simulated-disk.ts';
import type { CaptureCheck, CaptureRequest, Capturing } from '../provisioner.ts';
import { capturePlan } from './capture-plan.ts';
import { diskOf } from './disk-of-step.ts';
import type { Machine } from './machine.ts';
import { forceOff } from './power-transitions.ts';
import { settingsOf, settingsProblems } from './settings.ts';
import { fileOf, readDescription, removeStaged, writeDescription, writeStaged } from './staged-files.ts';
import { withPublishedPath } from './start-machine.ts';
import { completeWork, endWork } from './world-job.ts';
import type { SimulatedWorld } from './world.ts';

/** Faults: `confirmOff`, `describe`, `copy-<disk>`; `damage` at a copy leaves a file that is no disk. */
export function simulatedCapturing(world: SimulatedWorld): Capturing {
  return {
    check: (request) => check(world, request),
    plan: async (request) => capturePlan(request, (await requireDrive(world, request.computer)).disks),
    proveOff: async (request, noted) => {
      await proveOff(world, request, noted);
    },
    staged: readDescription,
    steps: {
      proveOff: {
        act: (request, step, context) =>
          suffer(world, { request, step }, context, () => proveOff(world, request, step.arguments['noted'])),
      },
      confirmOff: {
        act: (request, step, context) => suffer(world, { request, step }, context, () => confirmOff(world, request)),
      },
      describe: {
        act: (request, step, context) =>
          suffer(world, { request, step }, context, () => describe(world, request, context)),
      },
      copy: {
        act: (request, step, context) =>
          suffer(world, { request, step }, context, (damaged) => copy(world, { request, step, damaged }, context)),
        undo: (request, step, context) => undoCopy(world, { request, step }, context),
      },
    },
  };
}

interface CaptureStep {
  readonly request: CaptureRequest;
  readonly step: PlanStep;
}

function suffer(
  world: SimulatedWorld,
  { request, step }: CaptureStep,
  context: CallContext,
  act: (damaged: boolean) => Promise<Evidence>,
): Promise<Evidence> {
  return world.suffer({ node: request.computer.name, at: step.id }, context, act);
}

async function check(world: SimulatedWorld, { computer }: CaptureRequest): Promise<CaptureCheck> {
  const problems = settingsProblems(computer);
  if (problems.length > 0) return { problems, bytesNeeded: 0 };
  const machine = await world.machine(computer);
  const disks = machine.loaded?.disks ?? [];
  const nothing = { where: 'disks', problem: `nothing is loaded on ${computer.name}: there is no disk to capture` };
  const small = disks.reduce((sum, disk) => sum + Buffer.byteLength(formatSimulatedDisk(disk)), 0);
  return {
    problems: disks.length === 0 ? [nothing] : [],
    bytesNeeded: settingsOf(computer).bytesNeeded ?? small,
  };
}

/** The first reading of off decides; later ones, and a later attempt, find the same. */
async function confirmOff(world: SimulatedWorld, request: CaptureRequest): Promise<Evidence> {
  const { computer, shutdownSeconds } = request;
  const machine = await world.machine(computer);
  if (machine.power === 'off') return offEvidence(machine);
  const askedOffAt = machine.askedOffAt ?? world.now();
  const waited = (world.now() - askedOffAt) / 1000;
  if (waited < shutdownSeconds) throw new NotReadyError(`wait until ${computer.name} is off: it is still on`);
  if (!request.allowForcedOff) {
    throw new DeadlineError(
      `wait until ${computer.name} is off: the guest did not shut down in ${String(shutdownSeconds)} s`,
      {
        evidence: { power: 'on', waitedSeconds: Math.round(waited) },
      },
    );
  }
  return offEvidence(
    await world.change(computer, { name: 'force-off', fence: request.fence }, (found) => forceOff(found, world.now())),
  );
}

/** A machine that was started since is on, or off since another time; one that was loaded since has other disks. */
async function proveOff(world: SimulatedWorld, { computer }: CaptureRequest, noted: unknown): Promise<Evidence> {
  const machine = await world.machine(computer);
  const now = offEvidence(machine);
  const before = noted as Partial<Evidence> | undefined;
  const same = before?.['offSince'] === now['offSince'] && before?.['boots'] === now['boots'];
  if (machine.power === 'off' && machine.loaded?.sealed !== undefined && same) return now;
  throw new IntegrityError(`prove that ${computer.name} is off since it was sealed: it is ${machine.power}`, {
    evidence: { now, before: before ?? null },
  });
}

function offEvidence(machine: Machine): Evidence {
  return {
    reason: machine.offReason ?? 'unknown',
    offSince: new Date(machine.offSince ?? 0).toISOString(),
    forced: machine.offReason === 'destroyed',
    boots: machine.boots,
  };
}

async function describe(world: SimulatedWorld, request: CaptureRequest, context: CallContext): Promise<Evidence> {
  const { computer } = request;
  await world.change(computer, {}, (machine) => withPublishedPath(machine, request.library));
  const machine = await world.machine(computer);
  const { disks } = await requireDrive(world, computer);
  await writeDescription(request, { machine, disks }, context);
  return { disks: disks.map(({ name }) => name), ...offEvidence(machine) };
}

async function copy(
  world: SimulatedWorld,
  { request, step, damaged }: CaptureStep & { readonly damaged: boolean },
  context: CallContext,
): Promise<Evidence> {
  const { computer, fence } = request;
  const disk = await requireDisk(world, computer, step);
  const fastest = settingsOf(computer).copyBytesPerSecond;
  const bytesPerSecond = Math.min(fastest, request.copyRateBytes ?? fastest);
  const work = { computer, id: step.id, fence, what: step.title, bytes: disk.usedBytes, bytesPerSecond };
  const began = await completeWork(world, work, context);
  await writeStaged(request, disk, damaged, context);
  const startedAt = (await world.machine(computer)).jobs[step.id]?.startedAt ?? 0;
  const job = { job: step.id, began, startedAt: new Date(startedAt).toISOString() };
  return { disk: disk.name, file: fileOf(disk), sourceBytes: disk.usedBytes, ...job };
}

async function undoCopy(
  world: SimulatedWorld,
  { request, step }: CaptureStep,
  context: CallContext,
): Promise<Evidence> {
  await endWork(world, { computer: request.computer, id: step.id, fence: request.fence });
  const disk = diskOf(step);
  await removeStaged(request, { name: disk }, context);
  return { disk, removed: fileOf({ name: disk }) };
}

async function requireDrive(world: SimulatedWorld, computer: Computer): Promise<NonNullable<Machine['loaded']>> {
  const { loaded } = await world.machine(computer);
  if (loaded !== undefined) return loaded;
  throw new NotFoundError(`find the disks of ${computer.name}: nothing is loaded on it`);
}

async function requireDisk(world: SimulatedWorld, computer: Computer, step: PlanStep): Promise<SimulatedDisk> {
  const { disks } = await requireDrive(world, computer);
  const disk = disks.find(({ name }) => name === diskOf(step));
  if (disk !== undefined) return disk;
  throw new NotFoundError(`find the disk ${diskOf(step)} of ${computer.name}`);
}
