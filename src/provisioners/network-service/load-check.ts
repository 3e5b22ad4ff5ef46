import type { CallContext } from '../../domain/call-context.ts';
import type { Problem } from '../../domain/computer.ts';
import { ImprintError, errorChain } from '../../domain/errors.ts';
import type { LoadRequest } from '../provisioner.ts';
import { missingPrograms } from './host-check.ts';
import { readImage } from './image.ts';
import type { ServiceNode } from './node.ts';
import { seeService } from './running.ts';

/** What stands in the way of a load: programs, a service that does not answer, an image that does not fit what runs there. Reads only. */
export async function checkLoad(
  node: ServiceNode,
  request: LoadRequest,
  context: CallContext,
): Promise<readonly Problem[]> {
  const missing = await missingPrograms(node, context);
  if (missing.length > 0) return missing;
  try {
    const image = await readImage(node, request, context);
    const seen = await seeService(node, context);
    return node.service.misfits(image, seen).map((problem) => ({ where: 'service', problem }));
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof ImprintError && !error.retryable) return [{ where: 'image', problem: errorChain(error) }];
    throw error;
  }
}
