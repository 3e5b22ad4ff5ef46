import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError, IntegrityError } from '../../domain/errors.ts';
import { type ImageDisk, nameOfRevision } from '../../domain/image.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import { clientPath, lockOf } from '../../remote/xcat/client.ts';
import { CLEAR_MARKS, PACKED, REVISION } from '../../remote/xcat/scripts.ts';
import type { LoadRequest } from '../provisioner.ts';
import { endHostJob, type HostJob, runHostJob } from './host-job.ts';
import { imageDirectory } from './live-capture.ts';
import { disksOf } from './names.ts';
import { requireRepository, requireRootimg, type XcatNode } from './node.ts';

/**
 * Lock, then pairs of source and target. A target that has the source's content is left alone: other loads may read it at this moment. Never half-written,
 * and a copy, not a link: what serves it to nodes must not be able to change the library's file.
 */
const COPY = `set -eu
mkdir -p -- "\${1%/*}"
exec 9>>"$1"
flock -w 21600 9
shift
while [ $# -gt 1 ]; do
  source=$1 target=$2
  shift 2
  if ! cmp -s -- "$source" "$target"; then
    cp --reflink=auto -- "$source" "$target.part"
    chmod 0644 -- "$target.part"
    sync -- "$target.part"
    mv -fT -- "$target.part" "$target"
  fi
done`;

/**
 * Lock, archive, directory of the osimage, its name, packimage, revision. The tree is put in place whole, packed anew, and marked with the revision last.
 * What serves this revision already is left alone: other nodes may boot from it at this moment.
 */
const UNPACK = `set -eu
mkdir -p -- "\${1%/*}"
exec 9>>"$1"
flock -w 21600 9
archive=$2 directory=$3 osimage=$4 packimage=$5 revision=$6
served=$(cat -- "$directory/${REVISION}" 2>/dev/null || :)
if [ "$served" = "$revision" ] && (cd -- "$directory" && sha256sum --check --status ${PACKED} 2>/dev/null); then exit 0; fi
${CLEAR_MARKS}
rm -rf -- "$directory/.new"
mkdir -p -- "$directory/.new"
tar --extract --gzip --numeric-owner --same-owner --xattrs --acls --file "$archive" --directory "$directory/.new"
rm -rf -- "$directory/rootimg" "$directory"/rootimg.*
for one in "$directory/.new"/*; do mv -fT -- "$one" "$directory/\${one##*/}"; done
rm -rf -- "$directory/.new"
"$packimage" "$osimage" </dev/null
set -- "$directory"/rootimg.*
[ -s "$1" ] || { echo "packimage has packed nothing in $directory" >&2; exit 3; }
(cd -- "$directory" && sha256sum -- rootimg.* >${PACKED})
printf '%s\\n' "$revision" >"$directory/${REVISION}"`;

/** The disks of the revision; ConflictError for an image that xCAT's environment has not made. */
export function archivesOf({ revision }: Pick<LoadRequest, 'revision'>): readonly ImageDisk[] {
  const disks = revision.manifest?.disks ?? [];
  const foreign = disks.find(({ format }) => format !== 'archive');
  if (foreign === undefined && disks.length > 0) return disks;
  throw new ConflictError(`load ${nameOfRevision(revision)}: expected archives, found ${foreign?.format ?? 'no disk'}`);
}

/** Brings the image from the library to where xCAT hands it to nodes. Shared by all loads of the revision. There already: nothing is written. */
export async function place(
  node: XcatNode,
  request: LoadRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const job = await jobOf(node, request, step, context);
  const { startedAt, endedAt } = await runHostJob(node, job, context);
  await endHostJob(node, job, context);
  return { image: nameOfRevision(request.revision), startedAt, endedAt };
}

/**
 * An osimage serves one revision at a time. IntegrityError where another load, or a capture, has put something else into its tree since `place`: the node
 * would boot that.
 */
export async function requireServed(node: XcatNode, { revision }: LoadRequest, context: CallContext): Promise<void> {
  if (node.settings.images?.in !== 'rootimg') return;
  const mark = posix.join(await imageDirectory(node, context), REVISION);
  const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
  const found = (await node.shell.run('cat', ['--', mark], options)).stdout.trim();
  if (found === nameOfRevision(revision)) return;
  const { osimage } = requireRootimg(node);
  throw new IntegrityError(
    `load ${nameOfRevision(revision)} onto ${node.name}: ${osimage} serves ${found === '' ? 'something else' : found} by now`,
  );
}

async function jobOf(node: XcatNode, request: LoadRequest, step: PlanStep, context: CallContext): Promise<HostJob> {
  const job = { step: step.id, what: step.title, fence: request.fence };
  if (node.settings.images?.in !== 'rootimg') return { ...job, script: COPY, args: copies(node, request) };
  const { osimage } = requireRootimg(node);
  const archive = posix.join(request.copy.path, archivesOf(request)[0]?.file ?? '');
  const lock = lockOf(node.place, `osimage-${osimage}`);
  const args = [lock, archive, await imageDirectory(node, context), osimage, clientPath(node.place, 'packimage')];
  return { ...job, script: UNPACK, args: [...args, nameOfRevision(request.revision)] };
}

function copies(node: XcatNode, request: LoadRequest): readonly string[] {
  const places = disksOf(requireRepository(node), request.revision);
  const pairs = archivesOf(request).map(({ name, file }) => {
    const target = places.find((one) => one.name === name);
    if (target === undefined)
      throw new ConflictError(`load ${nameOfRevision(request.revision)}: the settings name no disk ${name}`);
    return [posix.join(request.copy.path, file), target.path];
  });
  return [lockOf(node.place, `image-${nameOfRevision(request.revision)}`), ...pairs.flat()];
}
