import { describe, expect, it } from 'vitest';
import type { CallContext } from '../../../src/domain/call-context.ts';
import {
  ConflictError,
  DeadlineError,
  OutcomeUnknownError,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
} from '../../../src/domain/errors.ts';
import { awaitOff } from '../../../src/power/await-off.ts';
import { createConfirmedPower } from '../../../src/power/confirmed-power.ts';
import type { Pace } from '../../../src/power/pace.ts';
import type { PowerModule } from '../../../src/power/power-module.ts';
import { doIt, fixtureBmc, type FixtureBmc } from '../../support/fixture-bmc.ts';

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const quick: Pace = { pollMs: 1, resendMs: 20, recheckMs: 1, confirmSeconds: 10 };

const powerOf = (bmc: FixtureBmc, pace: Partial<Pace> = {}): PowerModule =>
  createConfirmedPower(() => bmc, bmc.subject, { ...quick, ...pace });

/** Accepts an action and does nothing, so often; then it obeys. */
const dropping = (times: number): FixtureBmc => {
  let left = times;
  return fixtureBmc('off', (action, bmc) => {
    left -= 1;
    if (left < 0) doIt(action, bmc);
  });
};

describe('power by a management controller', () => {
  it('sends nothing where the machine is already as asked', async () => {
    const on = fixtureBmc('on');
    await powerOf(on).on(context);
    const off = fixtureBmc('off');
    await powerOf(off).forceOff(context);
    await powerOf(off).askOff(context);
    expect([on.sent, off.sent]).toEqual([[], []]);
  });

  it('sends an action again that the controller accepted and dropped', async () => {
    const bmc = dropping(2);
    await powerOf(bmc).on(context);
    expect(bmc.sent).toEqual(['on', 'on', 'on']);
    expect(bmc.power).toBe('on');
  });

  it('gives up at its time limit, with the last reading: a controller that drops everything is never believed', async () => {
    const bmc = dropping(Infinity);
    const failure = await powerOf(bmc, { confirmSeconds: 0.1 })
      .on(context)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DeadlineError);
    expect(failure).toMatchObject({
      message: 'bmc of lab-07 reads off after 0.1 s, not on',
      evidence: { reading: {} },
    });
    expect(bmc.sent.length).toBeGreaterThan(1);
  });

  it('does not send again while the machine is on its way', async () => {
    const bmc = fixtureBmc('off', (action, self) => {
      self.readings = Array<'turning-on'>(30).fill('turning-on');
      doIt(action, self);
    });
    await powerOf(bmc, { resendMs: 2 }).on(context);
    expect(bmc.sent).toEqual(['on']);
  });

  it('waits out a power-off that is under way before it powers on', async () => {
    const bmc = fixtureBmc('off');
    bmc.readings = ['turning-off', 'turning-off', 'off'];
    await powerOf(bmc).on(context);
    expect(bmc.sent).toEqual(['on']);
  });

  it('believes off only when it was read twice running', async () => {
    const bmc = fixtureBmc('on', (action, self) => {
      // It says off when it accepts, and is still on for a moment.
      self.readings = ['off', 'on', 'unknown', 'off'];
      doIt(action, self);
    });
    await powerOf(bmc).forceOff(context);
    expect(bmc.readings).toEqual([]);
    expect(bmc.sent).toEqual(['off']);
    const module = powerOf(fixtureBmc('on'));
    await expect(awaitOff(module, 0, context)).rejects.toThrow(DeadlineError);
  });

  it('reads before it acts again when an outcome is unknown', async () => {
    const done = fixtureBmc('off', (action, self) => {
      doIt(action, self);
      throw new OutcomeUnknownError('the answer was lost');
    });
    await powerOf(done).on(context);
    expect(done.sent).toEqual(['on']);
  });

  it('asks again when the controller says that it cannot just now', async () => {
    let refused = false;
    const bmc = fixtureBmc('off', (action, self) => {
      if (refused) return doIt(action, self);
      refused = true;
      throw new ConflictError('not in its present state');
    });
    await powerOf(bmc).on(context);
    expect(bmc.sent).toEqual(['on', 'on']);
  });

  it('bears with a controller that is away after an action, and with none before it', async () => {
    const bmc = fixtureBmc('off', (action, self) => {
      self.readings = [new UnavailableError('busy'), new UnavailableError('busy')];
      doIt(action, self);
    });
    await powerOf(bmc).on(context);
    expect(bmc.sent).toEqual(['on']);
    const away = fixtureBmc('off');
    away.readings = [new UnavailableError('nothing answers')];
    await expect(powerOf(away).on(context)).rejects.toThrow(UnavailableError);
    expect(away.sent).toEqual([]);
  });

  it('asks once more after refused credentials that follow an action, and never again', async () => {
    const refusals = (count: number): FixtureBmc =>
      fixtureBmc('off', (action, self) => {
        self.readings = Array.from({ length: count }, () => new UnauthorizedError('refused'));
        doIt(action, self);
      });
    await powerOf(refusals(1)).on(context);
    await expect(powerOf(refusals(2)).on(context)).rejects.toThrow(UnauthorizedError);
    const before = fixtureBmc('off');
    before.readings = [new UnauthorizedError('refused')];
    await expect(powerOf(before).on(context)).rejects.toThrow(UnauthorizedError);
  });

  it('resets in one command where it can, and by off and on where it cannot', async () => {
    const able = fixtureBmc('on');
    await powerOf(able).reset(context);
    expect(able.sent).toEqual(['reset']);
    const poor = fixtureBmc('on', (action, self) => {
      if (action === 'reset' || action === 'cycle') throw new UnsupportedError('Invalid data field in request');
      doIt(action, self);
    });
    await powerOf(poor).reset(context);
    expect(poor.sent).toEqual(['reset', 'cycle', 'off', 'on']);
  });

  it('powers on what is off when it is asked to reset it', async () => {
    const bmc = fixtureBmc('off');
    await powerOf(bmc).reset(context);
    expect(bmc.sent).toEqual(['on']);
  });

  it('never cuts the power when the system is to be asked', async () => {
    const bmc = fixtureBmc('on', (action) => {
      if (action === 'soft') throw new UnsupportedError('no GracefulShutdown');
    });
    await expect(powerOf(bmc).askOff(context)).rejects.toThrow(UnsupportedError);
    expect(bmc.sent).toEqual(['soft']);
  });
});

describe('the boot target', () => {
  it('is set again until it is read back', async () => {
    let times = 0;
    const bmc = fixtureBmc('on', doIt, (choice, self) => {
      times += 1;
      if (times === 3) self.boot = choice.target;
    });
    const reading = await powerOf(bmc).bootTarget!.set({ target: 'network', lasting: 'once' }, context);
    expect(reading.target).toBe('network');
    expect(times).toBe(3);
  });

  it('that is never read back is an error, and not a success', async () => {
    const bmc = fixtureBmc('on', doIt, () => undefined);
    const { bootTarget } = powerOf(bmc, { confirmSeconds: 0.05 });
    await expect(bootTarget!.set({ target: 'network', lasting: 'once' }, context)).rejects.toThrow(
      'bmc of lab-07 was told to boot from network, and says none',
    );
  });

  it('is back at disk also where the controller says that it overrides nothing', async () => {
    const bmc = fixtureBmc('on', doIt, (_, self) => void (self.boot = 'none'));
    const reading = await powerOf(bmc).bootTarget!.set({ target: 'disk', lasting: 'until changed' }, context);
    expect(reading.target).toBe('none');
  });
});
