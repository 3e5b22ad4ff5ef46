import { describe, expect, it } from 'vitest';
import { parseAttempt, standingOf, type SeenAttempt } from '../../../src/catalog/claimants.ts';

/** `execution activity/attempt`, oldest first. */
function seenAs(...who: string[]): SeenAttempt[] {
  return who.map((text, index) => {
    const [execution = '', attempt = ''] = text.split(' ');
    return { execution, ...parseAttempt(attempt), epoch: index + 1 };
  });
}

function standing(who: string, ...seen: string[]): string {
  const [execution = '', attempt = ''] = who.split(' ');
  return standingOf({ node: 'lab-1', owner: 'run', execution, attempt }, seenAs(...seen));
}

describe('standingOf', () => {
  it.each([
    ['the first of all', 'a 1/1', [], 'new'],
    ['the one that acted last', 'a 1/1', ['a 1/1'], 'holder'],
    ['the next attempt', 'a 1/2', ['a 1/1'], 'new'],
    ['the next activity', 'a 2/1', ['a 1/3'], 'new'],
    ['the next execution', 'b 1/1', ['a 1/3'], 'new'],
    ['one that another followed', 'a 1/1', ['a 1/1', 'a 2/1'], 'superseded'],
    ['an earlier attempt that was never seen', 'a 1/1', ['a 1/2'], 'superseded'],
    ['an earlier attempt, with another activity since', 'a 1/1', ['a 1/2', 'a 2/1'], 'superseded'],
    ['an execution that another followed', 'a 9/1', ['a 1/1', 'b 1/1'], 'superseded'],
    ['the execution that goes on', 'b 9/1', ['a 1/1', 'b 1/1'], 'new'],
  ])('knows %s', (_, who, seen, expected) => {
    expect(standing(who, ...seen)).toBe(expected);
  });

  it('goes by epochs, whatever order the rows come in', () => {
    const seen = seenAs('a 1/1', 'a 1/2').reverse();
    expect(standingOf({ node: 'lab-1', owner: 'run', execution: 'a', attempt: '1/2' }, seen)).toBe('holder');
  });
});

describe('parseAttempt', () => {
  it('takes the last number; activity ids may hold slashes', () => {
    expect(parseAttempt('copy/vda/12')).toEqual({ activity: 'copy/vda', attempt: 12 });
  });

  it.each(['', '1', '/1', '1/', '1/0', '1/x', '1/-1'])('refuses %j', (value) => {
    expect(() => parseAttempt(value)).toThrow('attempt: expected <activity id>/<attempt>');
  });
});
