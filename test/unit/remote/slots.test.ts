import { describe, expect, it } from 'vitest';
import { createSlots } from '../../../src/remote/slots.ts';

const never = new AbortController().signal;

/** Work that ends when told to, and counts how much of it runs at once. */
function createWork() {
  const finish: (() => void)[] = [];
  const seen = { running: 0, most: 0, begun: 0 };
  const work = async (): Promise<void> => {
    seen.begun += 1;
    seen.running += 1;
    seen.most = Math.max(seen.most, seen.running);
    await new Promise<void>((resolve) => finish.push(resolve));
    seen.running -= 1;
  };
  return { work, seen, finishNext: () => finish.shift()?.() };
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('slots', () => {
  it('let no more work run at once than there are, and all of it in the end', async () => {
    const slots = createSlots(2);
    const { work, seen, finishNext } = createWork();
    const all = Promise.all(Array.from({ length: 5 }, () => slots.use(never, work)));

    for (let turn = 0; turn < 5; turn += 1) {
      await settle();
      finishNext();
    }
    await all;

    expect(seen).toEqual({ running: 0, most: 2, begun: 5 });
  });

  it('free the place of work that fails', async () => {
    const slots = createSlots(1);

    await expect(slots.use(never, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');

    expect(await slots.use(never, () => Promise.resolve('next'))).toBe('next');
  });

  it('let go of one who waits when its signal aborts, and lose no place by it', async () => {
    const slots = createSlots(1);
    const { work, seen, finishNext } = createWork();
    const first = slots.use(never, work);
    const impatient = new AbortController();
    const second = slots.use(impatient.signal, work);
    const third = slots.use(never, work);

    impatient.abort(new Error('no longer wanted'));

    await expect(second).rejects.toThrow('no longer wanted');
    finishNext();
    await first;
    await settle();
    finishNext();
    await third;
    expect(seen.begun).toBe(2);
  });

  it('give a place on that was granted in the moment of the abort', async () => {
    const slots = createSlots(1);
    const { work, finishNext } = createWork();
    const first = slots.use(never, work);
    await settle();
    const impatient = new AbortController();
    const second = slots.use(impatient.signal, () => Promise.resolve());

    impatient.abort(new Error('no longer wanted'));
    finishNext();

    await expect(second).rejects.toThrow('no longer wanted');
    await first;
    expect(await slots.use(never, () => Promise.resolve('free'))).toBe('free');
  });
});
