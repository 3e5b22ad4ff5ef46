import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UnauthorizedError, errorChain } from '../../../src/domain/errors.ts';
import type { CallContext } from '../../../src/domain/call-context.ts';
import type { Computer } from '../../../src/domain/computer.ts';
import { createLab } from '../../../src/provisioners/lab/index.ts';
import { need } from '../../../src/provisioners/provisioner.ts';
import { createComputerPower } from '../../../src/power/computer-power.ts';
import { powerSettings } from '../../../src/power/settings.ts';
import { createSecrets } from '../../../src/remote/secrets.ts';
import { labComputer, labDeps } from '../../support/lab-fixture.ts';
import { startMachineBehindIpmiSim, type IpmiSim } from '../../support/ipmi-sim.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';

let sim: IpmiSim;
const isMissing = (): boolean => whyUnavailable('bmc') !== undefined;
beforeAll(async () => {
  if (!isMissing()) sim = await startMachineBehindIpmiSim();
});
afterAll(async () => {
  if (!isMissing()) await sim.stop();
});
beforeEach((context) => skipWithout(context, 'bmc'));

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const secrets = createSecrets({ values: { IMPRINT_SECRET_BMC: 'sesame', IMPRINT_SECRET_WRONG: 'mellon' } });
const deps = { ...labDeps, secrets };
const machine = (changes: object = {}): Computer => ({
  ...labComputer('lab-07'),
  settings: { power: { ...sim.settings, ...changes } },
});

describe('a lab machine behind a simulated controller', () => {
  it('is powered as any other machine, and its status shows what was read', async () => {
    const lab = createLab(deps);
    const power = need(lab, 'power');
    expect(lab.validate(machine())).toEqual([]);
    for (const again of [1, 2]) {
      await power.on(machine(), context);
      expect((await power.read(machine(), context)).value, `on, time ${String(again)}`).toBe('on');
    }
    await power.reset(machine(), context);
    await power.askOff(machine(), context);
    await power.forceOff(machine(), context);
    expect(await sim.done()).toEqual(['set power 1', 'set reset 1', 'set shutdown 1']);
    const readImageFile = () => Promise.resolve(undefined);
    const observe = () => Promise.resolve({ ssh: false, reason: 'nothing answers' });
    const status = await lab.nodeStatus(machine(), undefined, {
      ...context,
      observe,
      readImageFile,
      wordsOf: errorChain,
    });
    expect(status).toMatchObject({ status: 'RELOAD', rpower: { value: 'off', raw: 'Chassis Power is off' } });
  });

  it('whose password is wrong has a status all the same, which says why its power could not be read', async () => {
    const lab = createLab(deps);
    const readImageFile = () => Promise.resolve(undefined);
    const observe = () => Promise.resolve({ ssh: false, reason: 'nothing answers' });
    const wrong = machine({ passwordSecret: 'wrong' });
    const status = await lab.nodeStatus(wrong, undefined, { ...context, observe, readImageFile, wordsOf: errorChain });
    expect(status).not.toHaveProperty('rpower');
    expect(status.reasons['rpower']).toContain('the password is wrong');
    // Where a run waits for the machine the refusal ends the wait.
    const wordsOf = (error: Error): never => {
      throw error;
    };
    const waiting = lab.nodeStatus(wrong, undefined, { ...context, observe, readImageFile, wordsOf });
    await expect(waiting).rejects.toThrow(UnauthorizedError);
  });

  it('takes a boot target for either firmware, with the lesser privilege too', async () => {
    const settings = powerSettings.parse({ ...sim.settings, firmware: 'uefi', privilege: 'OPERATOR' });
    const power = createComputerPower(deps, () => settings);
    const network = { target: 'network', lasting: 'once' } as const;
    expect(await power.setBootTarget(machine(), network, context)).toMatchObject({ target: 'network' });
    expect((await power.readBootTarget(machine(), context)).raw).toContain('Force PXE');
    await power.setBootTarget(machine(), { target: 'disk', lasting: 'until changed' }, context);
    expect((await power.readBootTarget(machine(), context)).target).toBe('disk');
    expect(power.hasBootTarget(machine())).toBe(true);
  });
});
