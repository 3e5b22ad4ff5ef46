import { ServiceError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { exitStatuses, exitStatusHelp, exitStatusOf } from '../../../src/cli/exit-status.ts';
import { errorDocument, reportError } from '../../../src/cli/report-error.ts';
import { RunFailedError } from '../../../src/client.ts';
import * as errors from '../../../src/domain/errors.ts';
import { captureTerminal } from '../../support/captured-terminal.ts';

const failedRun = new RunFailedError(
  'r',
  { reason: 'IntegrityError', message: 'the seal is broken' },
  new Error('Workflow execution failed'),
);

describe('the exit status', () => {
  it.each([
    [new errors.InvalidInputError('x'), 2],
    [new errors.UnsupportedError('x'), 2],
    [new errors.ConflictError('x'), 3],
    [new errors.NotFoundError('x'), 4],
    [new WorkflowNotFoundError('x', 'w', undefined), 4],
    [new errors.UnavailableError('x'), 5],
    [new errors.UnauthorizedError('x'), 5],
    [new errors.OutcomeUnknownError('x'), 5],
    [new ServiceError('x'), 5],
    [failedRun, 1],
    [new errors.IntegrityError('x'), 1],
    [new errors.CapacityError('x'), 1],
    [new errors.DeadlineError('x'), 1],
    [new errors.CommandFailedError('x'), 1],
    [new TypeError('a mistake in the program'), 1],
    ['not even an error', 1],
    [new CommanderError(1, 'commander.unknownOption', 'x'), 2],
    [new CommanderError(0, 'commander.helpDisplayed', 'x'), 0],
  ])('of %o is %i', (error, status) => {
    expect(exitStatusOf(error)).toBe(status);
  });

  it('is documented for each value', () => {
    expect(exitStatusHelp.map(([status]) => status)).toEqual(Object.values(exitStatuses));
  });
});

describe('an error', () => {
  const error = new errors.UnavailableError('read node lab-07', {
    cause: new Error('connection refused'),
    evidence: { port: 5432 },
  });

  it('is one sentence on standard error, without a stack', () => {
    const terminal = captureTerminal();
    reportError(error, terminal, { json: false, stack: false });
    expect(terminal).toMatchObject({ out: [], err: ['imprint: read node lab-07: connection refused'] });
  });

  it('has its stack only where it was asked for', () => {
    const terminal = captureTerminal();
    reportError(error, terminal, { json: false, stack: true });
    expect(terminal.err.join('\n')).toContain('exit-status.test.ts');
  });

  it('is one JSON document for a program', () => {
    const terminal = captureTerminal();
    reportError(error, terminal, { json: true, stack: false });
    expect(terminal.err).toEqual([]);
    expect(JSON.parse(terminal.out.join('\n'))).toEqual({
      error: 'UnavailableError',
      message: 'read node lab-07: connection refused',
      reason: 'UnavailableError',
      evidence: { port: 5432 },
    });
  });

  it('of a run names what ended the run, without Temporal’s wrapping', () => {
    expect(errorDocument(failedRun)).toEqual({
      error: 'RunFailedError',
      message: 'run r failed: the seal is broken',
      reason: 'IntegrityError',
    });
  });
});
