import { describe, expect, it } from 'vitest';
import { toCatalogError } from '../../../src/catalog/database-errors.ts';
import { ConflictError } from '../../../src/domain/errors.ts';

function coded(code: string, facts: object = {}): Error {
  return Object.assign(new Error('what the server said'), { code, ...facts });
}

describe('toCatalogError', () => {
  it.each([
    ['23505', 'ConflictError'],
    ['23503', 'NotFoundError'],
    ['23514', 'InvalidInputError'],
    ['23502', 'InvalidInputError'],
    ['22P02', 'InvalidInputError'],
    ['28P01', 'UnauthorizedError'],
    ['3D000', 'NotFoundError'],
    ['40001', 'UnavailableError'],
    ['40P01', 'UnavailableError'],
    ['53300', 'UnavailableError'],
    ['53100', 'CapacityError'],
    ['57014', 'UnavailableError'],
    ['57P01', 'UnavailableError'],
    ['57P03', 'UnavailableError'],
    ['08006', 'UnavailableError'],
    ['ECONNREFUSED', 'UnavailableError'],
    ['ECONNRESET', 'UnavailableError'],
  ])('says of %s that it is a %s', (code, name) => {
    const cause = coded(code);
    const error = toCatalogError(cause, 'claim node lab-7', 'nothing sent');
    expect(error).toMatchObject({ name, message: 'could not claim node lab-7', cause, evidence: { code } });
  });

  it.each([
    ['08006', 'OutcomeUnknownError'],
    ['57P01', 'OutcomeUnknownError'],
    ['ECONNRESET', 'OutcomeUnknownError'],
    ['23505', 'ConflictError'],
    ['40001', 'UnavailableError'],
    ['57014', 'UnavailableError'],
    ['53100', 'CapacityError'],
  ])('says of %s once it was sent that it is a %s', (code, name) => {
    expect(toCatalogError(coded(code), 'publish', 'sent')).toMatchObject({ name });
  });

  it.each(['Connection terminated unexpectedly', 'Connection terminated', 'Query read timeout'])(
    'knows a lost connection by %j',
    (message) => {
      const error = new Error(message);
      expect(toCatalogError(error, 'read', 'nothing sent')).toMatchObject({ name: 'UnavailableError' });
      expect(toCatalogError(error, 'write', 'sent')).toMatchObject({ name: 'OutcomeUnknownError' });
    },
  );

  it('looks into the errors of several addresses that were all tried', () => {
    const error = new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]);
    expect(toCatalogError(error, 'read', 'nothing sent')).toMatchObject({ name: 'UnavailableError' });
  });

  it('keeps the constraint and its values as evidence', () => {
    const error = coded('23505', {
      constraint: 'runs_request_key_key',
      detail: 'Key (request_key)=(k) already exists.',
    });
    expect(toCatalogError(error, 'register', 'sent')).toMatchObject({
      evidence: { constraint: 'runs_request_key_key', detail: 'Key (request_key)=(k) already exists.' },
    });
  });

  it.each([new ConflictError('taken'), new TypeError('a mistake'), coded('42703'), 'text'])(
    'leaves %s as it is',
    (error) => {
      expect(toCatalogError(error, 'read', 'sent')).toBe(error);
    },
  );
});
