import { setTimeout as delay } from 'node:timers/promises';
import { Connection, type ConnectionOptions } from '@temporalio/client';
import { UnavailableError } from '../domain/errors.ts';

/** Where a Temporal server answers, and how to get in. */
export interface TemporalPlace {
  readonly connectionOptions: ConnectionOptions & { readonly address: string };
  readonly namespace: string;
}

/** Runs `work` on a connection of its own, which is closed afterwards. Throws UnavailableError when the server does not answer. */
export async function withTemporal<T>(place: TemporalPlace, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await connectToTemporal(place);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

async function connectToTemporal({ connectionOptions }: TemporalPlace): Promise<Connection> {
  try {
    return await Connection.connect({ connectTimeout: '5s', ...connectionOptions });
  } catch (cause) {
    throw new UnavailableError(`could not connect to Temporal at ${connectionOptions.address}`, { cause });
  }
}

/** Whether the server answers and has the namespace now. */
export async function temporalAnswers(place: TemporalPlace): Promise<boolean> {
  try {
    await withTemporal(place, (connection) =>
      connection.workflowService.describeNamespace({ namespace: place.namespace }),
    );
    return true;
  } catch {
    return false;
  }
}

/** Asks until the server answers; throws UnavailableError at the deadline, or at once when `stillRuns` says that it cannot come any more. */
export async function waitForTemporal(
  place: TemporalPlace,
  limitMs: number,
  stillRuns: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await temporalAnswers(place))) {
    const ended = !(await stillRuns());
    if (ended || Date.now() > deadline) {
      const why = ended ? 'it ended' : `no answer within ${String(limitMs / 1000)} s`;
      throw new UnavailableError(`could not start Temporal at ${place.connectionOptions.address}: ${why}`);
    }
    await delay(200);
  }
}
