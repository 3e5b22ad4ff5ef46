import { parseOrder } from '../imaging/order.ts';
import type { WorkerConfig } from '../config.ts';
import type { Problem } from '../domain/computer.ts';
import type { Imaging } from '../provisioners/registry.ts';
import { imagingOrders } from './imaging.ts';

/** The orders of a management node's machines, as they lie in its library; the imaging server reads them there. */
export function createImagingOrders(config: WorkerConfig): Imaging {
  const orders = imagingOrders(config.IMPRINT_LIBRARY);
  return {
    ...orders,
    problems: () => (config.IMPRINT_IMAGING_ADDRESS === undefined ? [notServed] : []),
    order: async (order) => await orders.order(parseOrder(order)),
  };
}

const notServed: Problem = {
  where: 'IMPRINT_IMAGING_ADDRESS',
  problem: 'not set on the management node, so no machine that boots over the network is served',
};
