import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../src/domain/errors.ts';
import { parseReclaimNodeInput, parseReserveNodeInput } from '../../../src/domain/node-reservation.ts';

const asked = { node: 'lab-07', user: 'jane', from: '192.0.2.9' };

describe('a reservation', () => {
  it.each(['192.0.2.9', '192.0.2.0/24', '2001:db8::1', '2001:DB8:7::/64', '10.0.0.0/8'])('may be from %s', (from) => {
    expect(parseReserveNodeInput({ ...asked, from }).from).toBe(from.toLowerCase());
  });

  it.each([
    '',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.09',
    '0.0.0.0/0',
    '192.0.2.0/33',
    '::/129',
    'lab',
    '::1; drop',
    '1:2',
    '10.0.0.1,10.0.0.2',
  ])('is not from %j', (from) => {
    expect(() => parseReserveNodeInput({ ...asked, from })).toThrow(/^from: expected an IP address/);
  });

  it.each(['root', '', '-rf', 'jane doe', '$(id)', '0'])('is not for the account %j', (user) => {
    expect(() => parseReserveNodeInput({ ...asked, user })).toThrow(/^user: /);
  });

  it('ends at a time, which is kept in UTC', () => {
    const until = '2027-01-31T18:00:00+02:00';
    expect(parseReserveNodeInput({ ...asked, until })).toEqual({
      ...asked,
      by: 'unknown',
      until: '2027-01-31T16:00:00.000Z',
    });
    expect(() => parseReserveNodeInput({ ...asked, until: 'tomorrow' })).toThrow(InvalidInputError);
    expect(() => parseReclaimNodeInput({ node: 'lab-07', at: '12' })).toThrow(/^at: /);
  });

  it('is ended without its machine only for a reason', () => {
    const reclaim = { node: 'lab-07', by: 'alice' };
    expect(parseReclaimNodeInput({ ...reclaim, machineIsGone: ' it burnt ' })).toEqual({
      ...reclaim,
      machineIsGone: 'it burnt',
    });
    expect(parseReclaimNodeInput(reclaim)).toEqual(reclaim);
    for (const machineIsGone of ['', '  ']) {
      expect(() => parseReclaimNodeInput({ ...reclaim, machineIsGone })).toThrow(/^machineIsGone: say why/);
    }
  });
});
