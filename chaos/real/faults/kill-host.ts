import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../fault.ts';
import { must } from '../../waiting.ts';
import type { RealStage } from '../real-stage.ts';

export const killHost: Fault<RealStage> = {
  kind: 'libvirt killed',
  about: "SIGKILL of the host's libvirt daemon, while its machines go on; started again some seconds later",
  weight: 2,
  oneAtATime: true,
  async strike({ vm, hostAway }, random) {
    const from = Date.now();
    await vm.killLibvirt();
    await sleep(random.whole(0, 8_000));
    await must(
      'start libvirt again',
      async () => {
        await vm.startLibvirt();
        return true;
      },
      120_000,
    );
    const to = Date.now();
    hostAway.push({ from, to });
    return { what: `away for ${((to - from) / 1000).toFixed(1)} s` };
  },
};
