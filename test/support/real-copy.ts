import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModuleDependencies } from '../../src/activities/dependencies.ts';
import type { CallContext } from '../../src/domain/call-context.ts';
import type { PlanStep } from '../../src/domain/plan.ts';
import type { CaptureRequest, Provisioner } from '../../src/provisioners/provisioner.ts';
import { endConvertJob, runConvertJob, type ConvertJob } from '../../src/provisioners/libvirt/convert-job.ts';
import type { LibvirtNode } from '../../src/provisioners/libvirt/node.ts';
import { need } from '../../src/provisioners/provisioner.ts';

/** What the copies of simulated machines really copy: a raw file, at `rateBytes` a second. */
export interface RealCopies {
  readonly source: string;
  /** Of the next copy that begins. */
  rateBytes: number;
}

/** The file that a real copy writes beside the simulated one. */
export const realCopy = 'real.qcow2';

/** Makes the file that is copied; it has no holes. */
export async function writeSource(source: string, bytes: number): Promise<void> {
  await writeFile(source, Buffer.alloc(bytes, 'imprint '));
}

/** Machines stay simulated, but each copy is a job of its own with a real qemu-img, started and ended as libvirt's provisioner does it. */
export function withRealCopies(deps: ModuleDependencies, copies: RealCopies): ModuleDependencies {
  return { ...deps, provisioner: (name) => copyingReally(deps, deps.provisioner(name), copies) };
}

function copyingReally(deps: ModuleDependencies, provisioner: Provisioner, copies: RealCopies): Provisioner {
  const capturing = need(provisioner, 'capturing');
  const { copy } = capturing.steps;
  if (copy === undefined) return provisioner;
  const act = async (request: CaptureRequest, step: PlanStep, context: CallContext) => {
    const { node, job } = jobOf(deps, copies, request, context);
    const converted = await runConvertJob(node, job, context);
    await endConvertJob(node, job, context);
    return { ...(await copy.act(request, step, context)), ...converted };
  };
  const undo = async (request: CaptureRequest, step: PlanStep, context: CallContext) => {
    const { node, job } = jobOf(deps, copies, request, context);
    await endConvertJob(node, job, context);
    await job.removeTarget();
    return (await copy.undo?.(request, step, context)) ?? {};
  };
  return { ...provisioner, capturing: { ...capturing, steps: { ...capturing.steps, copy: { act, undo } } } };
}

function jobOf(deps: ModuleDependencies, copies: RealCopies, request: CaptureRequest, context: CallContext) {
  const { computer, library, staging, fence } = request;
  const target = join(staging, realCopy);
  // Of the node of a real domain a job needs no more than this.
  const node = {
    computer,
    shell: library.shell,
    jobs: deps.jobs,
    directory: join(library.root, '.nodes', computer.name),
  };
  const job: ConvertJob = {
    step: 'copy-real',
    what: `Copy real of ${computer.name}`,
    fence,
    source: { path: copies.source, format: 'raw' },
    target,
    bytesTotal: 1,
    rateBytes: copies.rateBytes,
    removeTarget: async () => {
      await library.shell.run('rm', ['-f', '--', target], { signal: context.signal, timeoutMs: 10_000 });
    },
  };
  return { node: node as unknown as LibvirtNode, job };
}
