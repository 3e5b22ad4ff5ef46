import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgressReporter } from '../../../src/platform/progress.ts';

let written: string;
let stream: PassThrough;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  written = '';
  stream = new PassThrough().on('data', (chunk: Buffer) => (written += chunk.toString()));
});
afterEach(() => {
  vi.useRealTimers();
});

describe('progress where there is no terminal', () => {
  it('says nothing about what takes less than two seconds', async () => {
    const result = await createProgressReporter(stream).during('Starting', async () => {
      await vi.advanceTimersByTimeAsync(1_900);
      return 3;
    });

    expect(result).toBe(3);
    expect(written).toBe('');
  });

  it('says what takes longer, every ten seconds how long already, and how long it took', async () => {
    await createProgressReporter(stream).during('Starting', async (say) => {
      await vi.advanceTimersByTimeAsync(9_000);
      say('step 2');
      await vi.advanceTimersByTimeAsync(3_000);
    });

    expect(written.trim().split('\n')).toEqual(['Starting …', '… Starting: step 2 (10s)', 'Starting: step 2 (12s)']);
  });

  it('passes an error on and stops', async () => {
    const work = createProgressReporter(stream).during('Starting', () => Promise.reject(new Error('broken')));

    await expect(work).rejects.toThrow('broken');
    expect(vi.getTimerCount()).toBe(0);
  });
});
