import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import { must } from '../waiting.ts';

export const stopPostgres: Fault = {
  kind: 'PostgreSQL killed',
  about: 'PostgreSQL stopped at once, no transaction completed; started again on the same files some seconds later',
  weight: 1,
  oneAtATime: true,
  async strike({ postgres }, random) {
    const at = Date.now();
    postgres.kill();
    await sleep(random.whole(500, 6_000));
    await must(
      'start PostgreSQL again',
      async () => {
        await postgres.restart();
        return true;
      },
      120_000,
    );
    return { what: `away for ${((Date.now() - at) / 1000).toFixed(1)} s`, halted: { at, by: 'everything' } };
  },
};
