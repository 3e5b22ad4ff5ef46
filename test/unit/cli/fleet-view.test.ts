import { describe, expect, it } from 'vitest';
import type { FleetNodeProgress, FleetProgress } from '../../../src/client.ts';
import { createFleetTeller, renderFleet } from '../../../src/cli/fleet-view.ts';
import { fleetTable } from '../../../src/cli/fleet-words.ts';

const now = Date.parse('2026-03-01T12:00:10.000Z');
const begun = '2026-03-01T12:00:00.000Z';

function fleetOf(nodes: readonly FleetNodeProgress[]): FleetProgress {
  const input = { image: 'web', nodes: nodes.map(({ node }) => node), parallel: 5 };
  const run = {
    id: 'loadFleet/web/1',
    procedure: 'loadFleet',
    node: '*',
    input,
    state: 'running',
    created: begun,
  } as const;
  return { run, status: 'RUNNING', nodes };
}

function node(name: string, more: Partial<FleetNodeProgress>): FleetNodeProgress {
  return { node: name, run: `loadNode/${name}/1`, state: 'running', created: begun, ...more };
}

const step = { number: '5.3', title: 'Fill vda', startedAt: begun };
const nodes = [
  node('lab-1', { state: 'completed', outcome: 'web-v3 is READY on lab-1', ended: '2026-03-01T12:00:04.000Z' }),
  node('lab-2', { state: 'failed', outcome: 'lab-2 is owned by another run', ended: '2026-03-01T12:00:01.000Z' }),
  node('lab-3', { step, progress: { what: 'Fill vda', fraction: 0.5 } }),
  node('lab-4', { queue: { resource: 'host/kvm', position: 1, slots: 4 } }),
  node('lab-5', { state: 'not begun' }),
];

describe('a fleet at a terminal', () => {
  it('is one line a node: what it does, where it waits, or what came of it', () => {
    expect(renderFleet(fleetOf(nodes), now, 100)).toEqual([
      'Load web onto 5 nodes: 1 READY, 1 failed, 1 loading, 1 waiting, 1 not begun',
      ' ✔ lab-1  READY      web-v3 is READY on lab-1',
      ' ✖ lab-2  failed     lab-2 is owned by another run',
      ' ⠿ lab-3  loading    5.3 Fill vda  50 %  10s left',
      ' … lab-4  waiting    place 1 in the queue of host/kvm, which has 4 slots',
      '   lab-5  not begun',
    ]);
  });

  it('shows what is under way and what failed when there are more nodes than lines', () => {
    const many = Array.from({ length: 100 }, (_, index) => node(`n-${String(index)}`, { state: 'not begun' }));
    const lines = renderFleet(fleetOf([...many, ...nodes]), now, 100);
    expect(lines).toHaveLength(32);
    expect(lines.join('\n')).toMatch(/lab-2 .*lab-3 /s);
    expect(lines.at(-1)).toBe('   … and 75 more');
  });
});

describe('a fleet elsewhere', () => {
  it('is told once for each change of a node', () => {
    const tell = createFleetTeller();
    expect(tell(fleetOf(nodes), now)).toHaveLength(5);
    expect(tell(fleetOf(nodes), now)).toEqual([]);
    const later = nodes.map((one) => (one.node === 'lab-5' ? node('lab-5', { step }) : one));
    expect(tell(fleetOf(later), now)).toEqual(['lab-5: loading: 5.3 Fill vda']);
  });

  it('ends with a table of what came of each', () => {
    expect(fleetTable(fleetOf(nodes))).toMatch(/^lab-1 +READY +4s +web-v3 is READY on lab-1$/m);
  });
});
