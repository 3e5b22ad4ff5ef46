import type { WorkerConfig } from '../config.ts';
import type { Problem } from '../domain/computer.ts';
import { UnavailableError } from '../domain/errors.ts';
import { baseAddress } from '../imaging/boot-script.ts';
import { parseOrder } from '../imaging/order.ts';
import type { Imaging } from '../provisioners/registry.ts';
import { imagingOrders } from './imaging.ts';

/** The orders of a management node's machines, as they lie in its library; the imaging server reads them there. */
export function createImagingOrders(config: WorkerConfig): Imaging {
  const orders = imagingOrders(config.IMPRINT_LIBRARY);
  return {
    ...orders,
    problems: () => (config.IMPRINT_IMAGING_ADDRESS === undefined ? [notServed] : []),
    look: async ({ signal }) => await askAsFirmware(config, signal),
    order: async (order) => await orders.order(parseOrder(order)),
  };
}

const notServed: Problem = {
  where: 'IMPRINT_IMAGING_ADDRESS',
  problem: 'not set on the management node, so no machine that boots over the network is served',
};

/** Half a minute is what a firmware waits; a server of our own answers at once. */
const answerMs = 10_000;

async function askAsFirmware(config: WorkerConfig, signal: AbortSignal): Promise<string> {
  const url = `${baseAddress(config.IMPRINT_IMAGING_ADDRESS ?? '', config.IMPRINT_IMAGING_HTTP_PORT)}/boot.ipxe`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]) });
    if (answer.ok) return url;
    throw new UnavailableError(`ask ${url}: it answers ${String(answer.status)}`);
  } catch (cause) {
    if (cause instanceof UnavailableError) throw cause;
    throw new UnavailableError(`ask ${url}: nothing answers; is the worker of this management node running?`, {
      cause,
    });
  }
}
