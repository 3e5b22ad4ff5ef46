import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../../chaos/arguments.ts';

/** What is said about arguments that are refused. */
function complaint(argv: readonly string[]): string {
  const said: string[] = [];
  expect(() => parseArguments(argv, (text) => said.push(text))).toThrow();
  return said.join('');
}

describe('the arguments of the chaos', () => {
  it('ask for a long storm over the simulated world unless they say more', () => {
    const { kind, options } = parseArguments([]);

    expect(kind).toBe('simulated');
    expect(options).toMatchObject({ kills: 200, seed: '1', nodes: 300, atOnce: 16 });
  });

  it('with --real ask for two machines, one after the other, and for time between the faults; what is said goes before', () => {
    expect(parseArguments(['--real'])).toMatchObject({
      kind: 'real',
      options: { nodes: 2, atOnce: 1, meanMs: 25_000 },
    });
    expect(parseArguments(['--real', '--kills', '20', '--seed', 'x', '--nodes', '1']).options).toMatchObject({
      kills: 20,
      seed: 'x',
      nodes: 1,
    });
  });

  it('name the controls, or mean all of them', () => {
    expect(parseArguments(['--controls', 'no-fencing']).controls).toEqual(['no-fencing']);
    expect(parseArguments(['--controls']).controls.length).toBeGreaterThan(5);
  });

  it('are refused when they are no number, or controls of real machines', () => {
    expect(complaint(['--kills', 'many'])).toContain('expected a whole number from 1; got "many"');
    expect(complaint(['--real', '--controls'])).toContain('--controls are played over the simulated world');
  });
});
