import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CallContext } from '../../../src/domain/call-context.ts';
import { UnavailableError } from '../../../src/domain/errors.ts';
import type { BmcTurns } from '../../../src/power/bmc-turns.ts';
import { createLeasedTurns, type LeaseTimes } from '../../../src/power/leased-turns.ts';
import { openWorld, type World } from './world.ts';

let world: World;
const children: ChildProcess[] = [];
beforeAll(async () => {
  world = await openWorld();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => world.close());

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const times: LeaseTimes = { leaseMs: 3_000, pollMs: 10, patienceMs: 20_000 };

/** Two processes, each with connections of its own. */
const twoProcesses = (changes: Partial<LeaseTimes> = {}): readonly [BmcTurns, BmcTurns] => [
  createLeasedTurns(world.catalog.bmcTurns, 'mn-1 pid 1', { ...times, ...changes }),
  createLeasedTurns(world.second.bmcTurns, 'mn-1 pid 2', { ...times, ...changes }),
];

const stateOf = async (bmc: string) => (await world.catalog.bmcTurns.list()).find((turn) => turn.bmc === bmc);

/** What two processes do at once with a controller: how many were in it at most, and when each began and ended. */
async function crowd(use: (work: () => Promise<void>, index: number) => Promise<unknown>) {
  const seen = { inside: 0, most: 0, began: [] as number[], ended: [] as number[] };
  const work = async (): Promise<void> => {
    seen.began.push(Date.now());
    seen.inside += 1;
    seen.most = Math.max(seen.most, seen.inside);
    await new Promise((resolve) => setTimeout(resolve, 20));
    seen.inside -= 1;
    seen.ended.push(Date.now());
  };
  await Promise.all(Array.from({ length: 8 }, (_, index) => use(work, index)));
  return seen;
}

describe('turns at a management controller', () => {
  it('come to one process at a time, and with a rest after each', async () => {
    const name = world.fresh('ipmi');
    const processes = twoProcesses();
    const seen = await crowd((work, index) => processes[index % 2]!.during({ name, restMs: 50 }, context, work));
    expect(seen.most).toBe(1);
    // Clocks of two machines: PostgreSQL's says when a rest is over.
    const rests = seen.began.slice(1).map((began, index) => began - seen.ended[index]!);
    expect(Math.min(...rests)).toBeGreaterThan(40);
    expect(await stateOf(name)).toEqual({ bmc: name, lastUsed: expect.any(String) as string });
  });

  it('would be seen to go wrong: at eight controllers all are in at once', async () => {
    const processes = twoProcesses();
    const name = world.fresh('ipmi');
    const seen = await crowd((work, index) =>
      processes[index % 2]!.during({ name: `${name}-${String(index)}`, restMs: 50 }, context, work),
    );
    expect(seen.most).toBeGreaterThan(1);
  });

  it('say who has one, and are given up waiting for with that name', async () => {
    const name = world.fresh('ipmi');
    const [first, second] = twoProcesses({ patienceMs: 100 });
    await first.during({ name, restMs: 0 }, context, async () => {
      expect(await stateOf(name)).toMatchObject({ holder: expect.stringMatching(/^mn-1 pid 1 /) as string });
      const waiting = second.during({ name, restMs: 0 }, context, async () => undefined);
      await expect(waiting).rejects.toThrow(UnavailableError);
      await expect(waiting).rejects.toThrow(/no turn at .*: mn-1 pid 1 .* has it/);
    });
  });

  it('are given back when the work fails', async () => {
    const name = world.fresh('ipmi');
    const [first, second] = twoProcesses();
    const failing = first.during({ name, restMs: 0 }, context, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await second.during({ name, restMs: 0 }, context, async () => 'mine')).toBe('mine');
  });

  it('are kept by who works longer than a lease', async () => {
    const name = world.fresh('ipmi');
    const leaseMs = 1_500;
    const [first, second] = twoProcesses({ leaseMs });
    let working = true;
    const long = first.during({ name, restMs: 0 }, context, async (signal) => {
      await new Promise((resolve) => setTimeout(resolve, 2 * leaseMs));
      expect(signal.aborted).toBe(false);
      working = false;
    });
    await expect.poll(() => stateOf(name), { timeout: 10_000 }).toMatchObject({ holder: expect.any(String) as string });
    expect(await second.during({ name, restMs: 0 }, context, async () => working)).toBe(false);
    await long;
  });

  it('end by themselves when the process that has one is killed', async () => {
    const name = world.fresh('ipmi');
    const leaseMs = 1_500;
    const child = startHolder(name, leaseMs);
    await once(child.stdout!, 'data');
    expect(await stateOf(name)).toMatchObject({ holder: expect.stringMatching(/^child pid /) as string });
    // The control: while it lives it keeps its turn for longer than its lease.
    const [impatient] = twoProcesses({ patienceMs: 2 * leaseMs });
    await expect(impatient.during({ name, restMs: 0 }, context, async () => 'mine')).rejects.toThrow(/child pid/);

    child.kill('SIGKILL');
    await once(child, 'exit');

    const [first] = twoProcesses();
    expect(await first.during({ name, restMs: 0 }, context, async () => 'mine')).toBe('mine');
  });

  it('that was lost all the same stops the work', async () => {
    const name = world.fresh('ipmi');
    const [first] = twoProcesses({ leaseMs: 300 });
    const work = first.during({ name, restMs: 0 }, context, async (signal) => {
      const { holder = '' } = (await stateOf(name)) ?? {};
      await world.second.bmcTurns.giveBack({ bmc: name, holder });
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    });
    await expect(work).rejects.toThrow(/was lost/);
  });
});

function startHolder(name: string, leaseMs: number): ChildProcess {
  const program = fileURLToPath(new URL('../../support/turn-holder-child.ts', import.meta.url));
  const args = ['--import', 'tsx', program, world.databaseUrl, name, String(leaseMs)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}
