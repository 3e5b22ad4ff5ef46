import { describe, expect, it } from 'vitest';
import { lookAtQueue, type QueuedRequest } from '../../../src/domain/slot-queue.ts';
import { defaultSlots, parseSlotCapacity, parseSlotResource } from '../../../src/domain/slots.ts';

interface Named extends QueuedRequest {
  readonly name: string;
}

const holds = (name: string, ...resources: string[]): Named => ({ name, resources, granted: true });
const waits = (name: string, ...resources: string[]): Named => ({ name, resources, granted: false });

/** Names that are granted now, and the places of the others. */
function look(requests: readonly Named[], slots: Readonly<Record<string, number>>) {
  const { grants, waiting } = lookAtQueue(requests, (resource) => slots[resource] ?? 0);
  return {
    grants: grants.map(({ name }) => name),
    places: waiting.map(({ request, place }) => `${request.name}: ${String(place.position)} for ${place.resource}`),
  };
}

describe('the queue for slots', () => {
  it('grants in the order of asking, as many as there are slots', () => {
    const requests = ['a', 'b', 'c', 'd'].map((name) => waits(name, 'node'));
    expect(look(requests, { node: 2 })).toEqual({ grants: ['a', 'b'], places: ['c: 1 for node', 'd: 2 for node'] });
    expect(look([holds('x', 'node'), ...requests], { node: 2 }).grants).toEqual(['a']);
  });

  it('grants all slots of a request or none', () => {
    const requests = [holds('x', 'host'), waits('a', 'node', 'host')];
    expect(look(requests, { node: 5, host: 1 })).toEqual({ grants: [], places: ['a: 1 for host'] });
  });

  it('lets those pass who do not need what an earlier one lacks, and nobody else', () => {
    const requests = [
      holds('x', 'node', 'h1'),
      waits('a', 'node', 'h1'),
      waits('b', 'node', 'h2'),
      waits('c', 'node', 'h1'),
    ];
    expect(look(requests, { node: 5, h1: 1, h2: 1 })).toEqual({
      grants: ['b'],
      places: ['a: 1 for h1', 'c: 2 for h1'],
    });
  });

  it('keeps what is free for the one that waits longest, so that it is not passed for ever', () => {
    const requests = [holds('x', 'h1'), waits('a', 'node', 'h1'), waits('b', 'node', 'h2'), waits('c', 'node', 'h2')];
    expect(look(requests, { node: 2, h1: 1, h2: 2 })).toEqual({
      grants: ['b'],
      places: ['a: 1 for h1', 'c: 2 for node'],
    });
  });

  it('keeps nothing for one that waits for what is closed, so that the others go on', () => {
    const requests = [waits('a', 'node', 'closed'), waits('b', 'node', 'h1'), waits('c', 'node', 'h1')];
    expect(look(requests, { node: 1, closed: 0, h1: 4 })).toEqual({
      grants: ['b'],
      places: ['a: 1 for closed', 'c: 2 for node'],
    });
  });

  it('tells the longest of the queues in which a request stands', () => {
    const requests = [holds('x', 'node', 'h1'), waits('a', 'node'), waits('b', 'node', 'h1')];
    expect(look(requests, { node: 1, h1: 1 }).places).toEqual(['a: 1 for node', 'b: 2 for node']);
  });

  it('grants nothing where more slots are held than there are now, and takes none away', () => {
    const requests = [holds('x', 'node'), holds('y', 'node'), waits('a', 'node')];
    expect(look(requests, { node: 1 })).toEqual({ grants: [], places: ['a: 1 for node'] });
  });

  it('never lets two kinds of loads starve a third that needs what both use', () => {
    // Holders leave one after the other, others come at once; `a` waits for both resources.
    let requests: Named[] = [holds('n', 'node'), holds('h', 'host'), waits('a', 'node', 'host')];
    for (let round = 0; round < 10; round += 1) {
      const [kind, name] =
        round % 2 === 0 ? (['node', `n${String(round)}`] as const) : (['host', `h${String(round)}`] as const);
      const leaver = requests.findIndex(
        ({ granted, resources }) => granted && resources.length === 1 && resources[0] === kind,
      );
      if (leaver >= 0) requests = requests.toSpliced(leaver, 1);
      requests = [...requests, waits(name, kind)];
      const { grants } = lookAtQueue(requests, () => 1);
      requests = requests.map((request) => (grants.includes(request) ? { ...request, granted: true } : request));
      if (requests.some(({ name: who, granted }) => who === 'a' && granted)) return;
    }
    expect.unreachable('it was passed for ever');
  });
});

describe('the slots of a resource', () => {
  it('have a number of their own for each kind where nobody has set it', () => {
    const resources = ['management-node/mn-a', 'host/kvm-2', 'library/mn-a', 'check/mn-a/web-v3'];
    expect(resources.map(defaultSlots)).toEqual([10, 4, 10, 1]);
  });

  it.each(['kvm-2', 'host/', 'host/a b', 'switch/x', 'toString/x', ''])('are not those of %j', (value) => {
    expect(() => parseSlotResource(value)).toThrow('resource: expected management-node/NAME');
  });

  it.each([-1, 1.5, 10_001, Number.NaN, '3'])('cannot be %j', (value) => {
    expect(() => parseSlotCapacity(value)).toThrow('slots: expected a whole number from 0 to 10000');
  });
});
