import type { CallContext } from '../../domain/call-context.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { CaptureRequest, Capturing, StepImplementation } from '../provisioner.ts';
import {
  captureSteps,
  checkCapture,
  checkConfiguration,
  readConfiguration,
  stagedImage,
  undoReadConfiguration,
} from './capture.ts';
import { type NetworkServiceDeps, openNode, type ServiceNode } from './node.ts';

type Act = (node: ServiceNode, request: CaptureRequest, context: CallContext) => Promise<Evidence>;

/** Captures the configuration of a service while it runs; nothing is prepared, sealed or shut down. */
export function createCapturing(deps: NetworkServiceDeps): Capturing {
  const bind =
    (act: Act): StepImplementation<CaptureRequest>['act'] =>
    async (request, _step, context) =>
      await act(openNode(deps, request.computer), request, context);
  return {
    classOf: () => 'service',
    classes: ['service'],
    check: async (request, context) => await checkCapture(openNode(deps, request.computer), context),
    plan: async (request) => await Promise.resolve(captureSteps(openNode(deps, request.computer))),
    steps: {
      readConfiguration: { act: bind(readConfiguration), undo: bind(undoReadConfiguration) },
      checkConfiguration: { act: bind(checkConfiguration) },
    },
    staged: async (request, context) => await stagedImage(openNode(deps, request.computer), request, context),
  };
}
