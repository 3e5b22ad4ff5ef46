import { errorChain } from '../domain/errors.ts';
import { launchHere } from './launch.ts';
import type { Answer, Request } from './launcher.ts';

/*
 * The small process of launcher.ts. It lives as long as the process that started it: signals to a whole terminal or service are for that one,
 * which may still have things to run while it drains.
 */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));

const running = new Map<number, AbortController>();
process.on('message', (request: Request) => {
  if ('stop' in request) running.get(request.id)?.abort();
  else void carryOut(request).then((answer) => process.connected && process.send?.(answer));
});

async function carryOut({ id, order }: Extract<Request, { readonly order: unknown }>): Promise<Answer> {
  const stopping = new AbortController();
  running.set(id, stopping);
  try {
    return { id, ended: await launchHere(order, stopping.signal) };
  } catch (error) {
    return stopping.signal.aborted ? { id, stopped: true } : { id, failed: errorChain(error) };
  } finally {
    running.delete(id);
  }
}
