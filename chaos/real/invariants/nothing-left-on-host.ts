import { join } from 'node:path';
import { namesIn } from '../../../test/support/vm-imprint.ts';
import type { Invariant } from '../../invariant.ts';
import { leftInLibrary, processesNaming, slotsLeft } from '../../invariants/nothing-left.ts';
import { eventually } from '../../waiting.ts';
import type { RealStage } from '../real-stage.ts';

/** When every run has ended: nothing in staging, no job, no slot, no process but the machines that run, no domain of nobody; and the audit finds nothing. */
export const nothingLeftOnHost: Invariant<RealStage> = {
  name: 'nothing left behind',
  conclude: async (stage) => [
    ...(await leftInLibrary(stage)),
    ...(await slotsLeft(stage)),
    ...(await jobsOfNodes(stage)),
    ...(await domainsOfNobody(stage)),
    ...(await processes(stage)),
    ...(await findings(stage)),
  ],
};

async function jobsOfNodes({ vm, relays }: RealStage): Promise<readonly string[]> {
  const jobs = [...relays.keys()].map(async (node) =>
    (await namesIn(join(vm.directoryOf(node), '.jobs'))).map((job) => `a job on the host: ${node}/${job}`),
  );
  return (await Promise.all(jobs)).flat();
}

async function domainsOfNobody({ vm, relays }: RealStage): Promise<readonly string[]> {
  const names = (await vm.virsh('list', '--all', '--name')).split('\n').map((name) => name.trim());
  return names.filter((name) => name !== '' && !relays.has(name)).map((name) => `a domain: ${name}`);
}

/** Each machine that libvirt says runs is one process. */
async function processes({ vm, imprint }: RealStage): Promise<readonly string[]> {
  const running = (await vm.virsh('list', '--name')).split('\n').filter((name) => name.trim() !== '');
  const lines = await processesNaming(imprint.library);
  const machines = lines.filter((line) => line.includes('qemu-system'));
  const others = lines.filter((line) => !line.includes('qemu-system'));
  return [
    ...others.map((line) => `a process: ${line}`),
    ...(machines.length > running.length ? machines.map((line) => `more machines than libvirt knows: ${line}`) : []),
  ];
}

/** What an operator's audit would say. */
async function findings({ imprint }: RealStage): Promise<readonly string[]> {
  const report = await eventually(async () => await imprint.client.audit({ purpose: 'report' }), 120_000);
  if (report === undefined) return ['the audit did not answer'];
  return report.findings.map(({ kind, subject, why }) => `the audit: ${kind} ${subject}: ${why}`);
}
