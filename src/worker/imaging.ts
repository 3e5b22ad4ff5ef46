import { posix } from 'node:path';
import type { WorkerConfig } from '../config.ts';
import { InvalidInputError } from '../domain/errors.ts';
import { baseAddress, firstScript } from '../imaging/boot-script.ts';
import { ensureEnvironment, rebuildEnvironment, type BuiltEnvironment } from '../imaging/environment/build.ts';
import { isNeighbour } from '../imaging/neighbours.ts';
import type { ImagingOrder } from '../imaging/order.ts';
import {
  otherRunOf,
  placeOrder,
  readProgress,
  stopOrder,
  withdrawOrder,
  type ImagingProgress,
  type OrderName,
  type OrderOfAttempt,
} from '../imaging/order-directory.ts';
import { startImagingServer } from '../imaging/server.ts';
import type { Logger } from './logging.ts';

/** Orders for machines that boot over the network, as provisioners ask for them. */
export interface ImagingOrders {
  otherRun(macAddresses: readonly string[], run: string): Promise<string | undefined>;
  order(order: ImagingOrder): Promise<void>;
  progress(name: OrderName): Promise<ImagingProgress | undefined>;
  stop(name: OrderOfAttempt, words: string): Promise<void>;
  withdraw(name: OrderOfAttempt): Promise<void>;
}

/** The orders that lie in a management node's library. */
export function imagingOrders(library: string): ImagingOrders {
  return {
    otherRun: async (macAddresses, run) => await otherRunOf(library, macAddresses, run),
    order: async (order) => await placeOrder(library, order),
    progress: async (name) => await readProgress(library, name),
    stop: async (name, words) => await stopOrder(library, name, words),
    withdraw: async (name) => await withdrawOrder(library, name),
  };
}

/**
 * Serves machines that boot over the network where IMPRINT_IMAGING_ADDRESS is set; otherwise does nothing. Resolves with what ends it. UnavailableError when a
 * port is taken.
 */
export async function startImaging(config: WorkerConfig, logger: Logger): Promise<() => Promise<void>> {
  const { IMPRINT_IMAGING_ADDRESS: address, IMPRINT_LIBRARY: library } = config;
  if (address === undefined) return async () => await Promise.resolve();
  if (address === config.IMPRINT_ADDRESS)
    logger.warn(
      { address },
      'Machines are imaged on the network of this management node: a segment of their own is required',
    );
  const server = await startImagingServer({
    ...{ library, address, listen: config.IMPRINT_IMAGING_LISTEN ?? address },
    kernelParameters: config.IMPRINT_IMAGING_KERNEL_PARAMETERS?.split(' ') ?? [],
    httpPort: config.IMPRINT_IMAGING_HTTP_PORT,
    httpsPort: config.IMPRINT_IMAGING_HTTPS_PORT,
    environment: oneAtATime(async () => await ensureEnvironment(environmentDirectory(library))),
    isCardAt: config.IMPRINT_IMAGING_SEGMENT === 'routed' ? async () => await Promise.resolve(true) : isNeighbour,
    complain: (words) => logger.warn({ words: words.trim() }, 'A machine was not given what it asked for'),
  });
  const { httpPort, httpsPort } = server;
  logger.info({ address, httpPort, httpsPort }, 'Machines that boot over the network are served');
  return server.close;
}

/** Builds the imaging environment of this management node anew. */
export async function buildImaging(config: WorkerConfig): Promise<BuiltEnvironment> {
  return await rebuildEnvironment(environmentDirectory(config.IMPRINT_LIBRARY));
}

/** What a site's DHCP or TFTP server gives to iPXE. InvalidInputError where no machines are served. */
export function bootScript(config: WorkerConfig): string {
  const { IMPRINT_IMAGING_ADDRESS: address, IMPRINT_IMAGING_HTTP_PORT: port } = config;
  if (address === undefined)
    throw new InvalidInputError('write the first boot script: IMPRINT_IMAGING_ADDRESS is not set');
  return firstScript(baseAddress(address, port));
}

function environmentDirectory(library: string): string {
  return posix.join(library, '.imaging', 'environment');
}

/** Whoever asks while it is being made waits for the same; a failure is tried again by the next. */
function oneAtATime<T>(make: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return async () => {
    underWay ??= make().finally(() => (underWay = undefined));
    return await underWay;
  };
}
