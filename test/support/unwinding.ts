import type { ImprintClient } from '../../src/client.ts';

/**
 * The same client, whose captures and loads take their steps back when one fails, unless they were asked to wait: most tests are about what
 * remains then. Those of waiting runs ask for it.
 */
export function unwinding(client: ImprintClient): ImprintClient {
  return {
    ...client,
    startCapture: async (request, options) => await client.startCapture({ onFailure: 'unwind', ...request }, options),
    startLoad: async (request, options) => await client.startLoad({ onFailure: 'unwind', ...request }, options),
  };
}
