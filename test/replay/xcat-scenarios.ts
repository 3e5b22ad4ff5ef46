import { dirname } from 'node:path';
import { createXcatDouble } from '../../src/demo/xcat-double/index.ts';
import { xcatSettings } from '../support/xcat-fixture.ts';
import type { Recorder, Scenario } from './scenario.ts';

/** Machines that no OS module prepares: before a double of xCAT. */
export const xcatScenarios: readonly Scenario[] = [
  {
    workflow: 'captureImage',
    name: 'asked-off-and-rescued',
    run: async (recorder) => {
      const { imprint, tampering } = recorder;
      const node = await addRack(imprint);
      const call = 'provisioner().capturing.steps.image.act';
      tampering.fail({ activity: 'carryOutCaptureStep', call, when: 'before', node }, { times: 1 });
      const request = { node, image: 'rack', operatingSystem: 'rack', onFailure: 'hold' } as const;
      const run = await imprint.client.startCapture(request);
      for await (const { hold } of run.watch()) if (hold !== undefined) break;
      await run.answer('rescue', { by: 'operator', reason: 'recorded' });
      return run;
    },
  },
];

async function addRack({ catalog, library }: Recorder['imprint']): Promise<string> {
  await catalog.provisioningSystems.allow('mn-test', 'xcat');
  await catalog.operatingSystems.register({ name: 'rack', installType: 'archive' });
  await catalog.operatingSystems.allowInstallType('xcat', 'archive');
  const double = await createXcatDouble(dirname(library));
  await double.addNode('rack-1', { disk: 'what was installed' });
  const facts = { address: '127.0.0.1', sshPort: 22, macAddresses: [], memoryMiB: 2048, cpus: 2 };
  const settings = xcatSettings(double, 'repository');
  await catalog.computers.add({
    name: 'rack-1',
    managementNode: 'mn-test',
    provisioningSystem: 'xcat',
    ...facts,
    settings,
  });
  return 'rack-1';
}
