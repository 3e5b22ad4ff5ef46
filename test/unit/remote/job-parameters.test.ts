import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../src/domain/errors.ts';
import { checkedDirectory, ensureParameters, fenceParameters } from '../../../src/remote/job-parameters.ts';

const fence = { node: 'lab-07', owner: 'captureImage/lab-07/1', epoch: 3 };
const spec = { id: 'copy', directory: '/var/lib/imprint/jobs/copy', fence, file: 'cp', args: ['a', 'b c'] };

describe('the parameters of a job', () => {
  it('keep two commands apart that look the same when glued', () => {
    const identity = (args: readonly string[]): string | undefined => ensureParameters({ ...spec, args })[5];

    expect(identity(['a', 'b c'])).not.toBe(identity(['a b', 'c']));
    expect(identity(['a', 'b c'])).toBe(identity(['a', 'b c']));
    expect(identity(['a\nb'])).not.toContain('\n');
  });

  it.each(['jobs/copy', '/', '/jobs/', '/jobs/../copy', '/jobs//copy', '/jobs/a\nb'])(
    'refuse %j as directory',
    (directory) => {
      expect(() => checkedDirectory(directory)).toThrow(InvalidInputError);
    },
  );

  it.each([
    { ...fence, owner: '' },
    { ...fence, owner: 'two\nlines' },
    { ...fence, epoch: -1 },
    { ...fence, epoch: 1.5 },
    { ...fence, epoch: Number.NaN },
  ])('refuse the fence %j', (bad) => {
    expect(() => fenceParameters(spec.directory, bad)).toThrow(InvalidInputError);
  });
});
