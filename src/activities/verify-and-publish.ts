import { posix } from 'node:path';
import { IntegrityError } from '../domain/errors.ts';
import {
  nameOfRevision,
  type CleanShutdownProof,
  type DiskFormat,
  type ImageClass,
  type ImageDisk,
  type Manifest,
  type RevisionCopy,
  type SealCheck,
} from '../domain/image.ts';
import type { FileIdentity } from '../domain/image.ts';
import type { FileSystemState } from '../domain/disk-files.ts';
import { checksumStaged } from '../library/checksum.ts';
import { canLookInto, openDiskFiles } from '../library/disk-files.ts';
import { readManifest } from '../library/manifest.ts';
import { fileIn, libraryPaths } from '../library/paths.ts';
import { imageExists, imageSize, publish } from '../library/publish.ts';
import { verifyStructure } from '../library/structure.ts';
import { need, type StagedImage } from '../provisioners/provisioner.ts';
import type { CapturePlanRequest } from '../domain/plan-request.ts';
import type { StepInput } from '../domain/step-input.ts';
import { callContext } from './call.ts';
import { withHeldCuts } from './cut-while-held.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { namingFullLibrary } from './full-library.ts';
import { plannedClassOf } from './image-class.ts';
import { captureFacts, moduleOf, type CaptureFacts } from './facts.ts';

type CaptureStepInput = StepInput & CapturePlanRequest;

/** A staged disk with its checksum, and what its file looked like when that was computed. */
export interface CheckedDisk extends ImageDisk {
  readonly identity: FileIdentity;
}

/** What was seen of the seal on the staged copy. */
export interface CheckedSeal {
  readonly checks: readonly SealCheck[];
  readonly cleanShutdown: CleanShutdownProof;
}

/** Steps 6 and 7 of captureImage. */
export interface VerifyAndPublishActivities {
  verifyStructure(input: CaptureStepInput): Promise<{ readonly disks: number }>;
  checksumDisks(input: CaptureStepInput): Promise<readonly CheckedDisk[]>;
  checkSeal(input: CaptureStepInput): Promise<CheckedSeal>;
  publishCopy(
    input: CaptureStepInput & { readonly disks: readonly CheckedDisk[]; readonly seal: CheckedSeal },
  ): Promise<RevisionCopy>;
  /** Answers with what the image takes on the library's disk. */
  publishRevision(input: CaptureStepInput & { readonly copy: RevisionCopy }): Promise<{ readonly takesBytes: number }>;
}

export function createVerifyAndPublishActivities(deps: ActivityDependencies): VerifyAndPublishActivities {
  return {
    async verifyStructure(input) {
      const facts = await captureFacts(deps, input);
      const { disks } = await stagedOf(facts);
      await verifyStructure(facts.library, facts.request.staging, disks, callContext());
      return { disks: disks.length };
    },

    async checksumDisks(input) {
      const facts = await captureFacts(deps, input);
      const { disks } = await stagedOf(facts);
      const request = { fence: facts.request.fence, files: disks.map(({ file }) => file) };
      const hashing = checksumStaged(facts.library, deps.jobs, request, callContext());
      const sums = await namingFullLibrary(facts.library, input.step.title, hashing);
      return sums.map(({ sha256, identity }, index) => {
        const disk = disks[index];
        if (disk === undefined)
          throw new IntegrityError(`${identity.file} is no disk of ${nameOfRevision(facts.revision)}`);
        return { ...disk, sizeBytes: identity.sizeBytes, sha256, identity };
      });
    },

    async checkSeal(input) {
      const facts = await captureFacts(deps, input);
      return await checkSeal(deps, facts);
    },

    async publishCopy({ disks, seal, ...input }) {
      const facts = await captureFacts(deps, input);
      const context = callContext();
      // An earlier attempt may have renamed the staging directory already; then what it published says what it is.
      const manifest = (await imageExists(facts.library, facts.revision, context))
        ? await readManifest(facts.library, libraryPaths(facts.library).revision(facts.revision), context)
        : describe(await withClass(deps, facts), await stagedOf(facts), { disks, seal });
      const publication = { manifest, files: disks.map(({ identity }) => identity) };
      const publishing = publish(facts.library, facts.request.fence, publication, context);
      return await namingFullLibrary(facts.library, input.step.title, publishing);
    },

    async publishRevision({ copy, ...input }) {
      const { library, revision, request, computer } = await captureFacts(deps, input);
      const manifest = await readManifest(library, copy.path, callContext());
      // First what keeps the source's disk, then what makes the revision visible: a cut between the two loses nothing.
      await deps.catalog.setAside.record(computer.name, revision.id);
      await deps.catalog.revisions.publish(request.fence.owner, revision.id, manifest, copy);
      return { takesBytes: await imageSize(library, revision, callContext()) };
    },
  };
}

async function stagedOf(facts: CaptureFacts): Promise<StagedImage> {
  return await need(facts.provisioner, 'capturing').staged(facts.request, callContext());
}

type Classed = CaptureFacts & { readonly imageClass: ImageClass };

function describe(
  facts: Classed,
  staged: StagedImage,
  proved: { readonly disks: readonly CheckedDisk[]; readonly seal: CheckedSeal },
): Manifest {
  const { computer, revision, request, imageClass } = facts;
  return {
    schema: 1,
    image: revision.image,
    revision: revision.revision,
    revisionId: revision.id,
    operatingSystem: revision.operatingSystem,
    ...(imageClass === 'sealed' ? {} : { imageClass }),
    disks: proved.disks.map(({ identity: _identity, ...disk }) => disk),
    source: {
      provisioningSystem: computer.provisioningSystem,
      computer: computer.name,
      run: request.fence.owner,
      ...(staged.definition === undefined ? {} : { definition: staged.definition }),
    },
    cleanShutdown: proved.seal.cleanShutdown,
    sealChecks: proved.seal.checks,
    created: revision.created,
  };
}

async function withClass(deps: ActivityDependencies, facts: CaptureFacts): Promise<Classed> {
  return { ...facts, imageClass: await plannedClassOf(deps, facts) };
}

const nothingSealed: Readonly<Record<Exclude<ImageClass, 'sealed'>, string>> = {
  live: 'the system ran while it was copied: nothing was sealed and no shutdown was proved',
  service: 'the configuration of a service: there is no system to seal or to shut down',
};

async function checkSeal(deps: ActivityDependencies, facts: CaptureFacts): Promise<CheckedSeal> {
  const imageClass = await plannedClassOf(deps, facts);
  if (imageClass !== 'sealed')
    return { checks: [], cleanShutdown: { kind: 'none', reason: nothingSealed[imageClass] } };
  const holds = await deps.catalog.holds.of(facts.request.fence.owner);
  const staged = withHeldCuts(await stagedOf(facts), holds);
  const bootDisk = staged.disks[0];
  if (bootDisk === undefined) throw new IntegrityError(`nothing is staged for ${nameOfRevision(facts.revision)}`);
  if (!canLookInto(bootDisk.format)) return sealUnseen(facts, staged, bootDisk.format);
  const disk = {
    file: fileIn(facts.request.staging, bootDisk.file),
    format: bootDisk.format,
    scratch: posix.join(libraryPaths(facts.library).root, '.scratch'),
  };
  const files = await openDiskFiles(facts.library, disk, callContext());
  try {
    const expected = { revisionName: nameOfRevision(facts.revision), revisionId: facts.revision.id, removedUsers: [] };
    // Where no operating system is involved nothing was sealed; that it was shut down cleanly must be proved all the same.
    const module = facts.revision.osModule === undefined ? undefined : moduleOf(deps, facts.revision);
    const checks = (await module?.sealChecks(files, expected)) ?? [];
    refuseUnsealed(facts, checks);
    return { checks, cleanShutdown: proveClean(facts, staged, await files.fileSystem()) };
  } finally {
    await files.close();
  }
}

/** The check of every OS module that a power-off by force breaks: whoever allowed that allowed this, and `proveClean` says so in the image. */
const cleanMarkCheck = 'file-system';

function refuseUnsealed(facts: CaptureFacts, checks: readonly SealCheck[]): void {
  const waived = facts.request.allowForcedOff ? cleanMarkCheck : undefined;
  const failed = checks.filter(({ check, outcome }) => outcome === 'failed' && check !== waived);
  if (failed.length === 0) return;
  const what = failed.map(({ check, found }) => `${check} (${found})`).join('; ');
  throw new IntegrityError(`the seal of ${nameOfRevision(facts.revision)} is broken: ${what}`, {
    evidence: { checks: checks.map((check) => ({ ...check })) },
  });
}

/** Of a copy that nobody can look into: what was seen of its shutdown counts, the image says what was not seen, and a cut of the power is refused all the same. */
function sealUnseen(facts: CaptureFacts, staged: StagedImage, format: DiskFormat): CheckedSeal {
  const found = `not looked at: nobody can look into a file of the format ${format}`;
  const checks = facts.revision.osModule === undefined ? [] : [{ check: 'seal', outcome: 'unknown', found } as const];
  return { checks, cleanShutdown: proveClean(facts, staged, undefined) };
}

function unseen(fileSystem: FileSystemState | undefined): Pick<CleanShutdownProof, 'notSeen'> {
  return fileSystem === undefined ? { notSeen: 'the clean marks of its file systems' } : {};
}

/**
 * Clean: nobody cut its power, and the file systems on the copy carry their clean mark, or nobody can look at it. Anything else only where an operator
 * allowed it.
 */
function proveClean(
  facts: CaptureFacts,
  staged: StagedImage,
  fileSystem: FileSystemState | undefined,
): CleanShutdownProof {
  const seen = {
    ...(staged.offReason === undefined ? {} : { reason: staged.offReason }),
    ...(staged.offSince === undefined ? {} : { offSince: staged.offSince }),
  };
  if (!staged.forced && fileSystem?.clean !== false) return { kind: 'clean', ...seen, ...unseen(fileSystem) };
  if (facts.request.allowForcedOff) return { kind: 'forced', ...seen };
  const why = staged.forced ? 'its power was cut' : `its ${String(fileSystem?.type)} file system is not marked clean`;
  throw new IntegrityError(`${facts.computer.name} was not shut down cleanly: ${why}`, {
    evidence: { ...fileSystem, ...seen },
  });
}
