import { describe, expect, it } from 'vitest';
import {
  chooseDriver,
  chooseStandIn,
  type DriverCandidate,
  type DriverNeed,
} from '../../../src/domain/driver-choice.ts';

const here = (managementNode: string): DriverCandidate => ({ managementNode, secondsSinceCheckIn: 4 });
const away = (managementNode: string): DriverCandidate => ({ managementNode, secondsSinceCheckIn: 90 });
const heldBy = (...holders: readonly string[]): DriverNeed => ({
  what: 'web-v3',
  isHeldBy: (name) => holders.includes(name),
});

describe('the management node of a run', () => {
  it('is the only one that reaches the node, whatever is known of it, and nothing is said of a choice', () => {
    expect(chooseDriver([away('mn-a')])).toEqual({ managementNode: 'mn-a' });
    expect(chooseDriver([{ managementNode: 'mn-a' }], heldBy())).toEqual({ managementNode: 'mn-a' });
  });

  it('is the first choice while it is there', () => {
    expect(chooseDriver([here('mn-a'), here('mn-b')])).toEqual({
      managementNode: 'mn-a',
      because: 'mn-a is here',
    });
  });

  it('is the next one that is there while the first is away', () => {
    expect(chooseDriver([away('mn-a'), { managementNode: 'mn-b' }, here('mn-c')])).toEqual({
      managementNode: 'mn-c',
      because: 'mn-a is away for 90 s; mn-b has never checked in; mn-c is here',
    });
  });

  it('is the first that is there and whose library has what is needed', () => {
    expect(chooseDriver([here('mn-a'), here('mn-b')], heldBy('mn-b'))).toEqual({
      managementNode: 'mn-b',
      because: 'the library of mn-a has no web-v3; mn-b is here, and its library has web-v3',
    });
  });

  it('is the one that has what is needed although it is away, where nobody else has it', () => {
    expect(chooseDriver([away('mn-a'), here('mn-b')], heldBy('mn-a'))).toEqual({
      managementNode: 'mn-a',
      because: 'mn-a is away for 90 s, and its library has web-v3: the run waits for it',
    });
  });

  it('is the first that is there, where what is needed can be brought from the library of one that is there', () => {
    const need = { ...heldBy('mn-a', 'mn-c'), from: 'mn-c' };
    expect(chooseDriver([away('mn-a'), here('mn-b')], need)).toEqual({
      managementNode: 'mn-b',
      because: 'mn-a is away for 90 s; mn-b is here, and web-v3 is brought from the library of mn-c',
    });
    // One that has it comes first.
    expect(chooseDriver([here('mn-b'), here('mn-c')], need)).toMatchObject({ managementNode: 'mn-c' });
  });

  it('is replaced by one that is there and has what is needed, or else can be brought it', () => {
    const candidates = [here('mn-a'), away('mn-b'), here('mn-c'), here('mn-d')];
    expect(chooseStandIn(candidates, 'mn-a')).toBe('mn-c');
    expect(chooseStandIn(candidates, 'mn-a', heldBy('mn-d'))).toBe('mn-d');
    expect(chooseStandIn(candidates, 'mn-a', heldBy('mn-b'))).toBeUndefined();
    expect(chooseStandIn(candidates, 'mn-a', { ...heldBy('mn-x'), from: 'mn-x' })).toBe('mn-c');
  });

  it('is the first that is there where nobody has what is needed', () => {
    expect(chooseDriver([away('mn-a'), here('mn-b')], heldBy())).toEqual({
      managementNode: 'mn-b',
      because: 'mn-a is away for 90 s; mn-b is here, and its library has no web-v3',
    });
  });

  it('is the first choice where nobody is there, and it says that the run waits', () => {
    expect(chooseDriver([away('mn-a'), away('mn-b')])).toEqual({
      managementNode: 'mn-a',
      because: 'mn-b is away for 90 s; mn-a is away for 90 s: the run waits for it',
    });
  });
});
