import type { CapturePreview } from '../domain/capture-preview.ts';
import type { CaptureImageInput } from '../domain/inputs.ts';
import { catalog, onNode } from './activities.ts';

/**
 * Says what captureImage would do, how much space it would take, and what stands in its way. It only reads: nothing is claimed, reserved
 * or recorded.
 */
export async function planCapture(input: CaptureImageInput): Promise<CapturePreview> {
  const { managementNode } = await catalog(`Find ${input.node}`).locateNode({ node: input.node });
  return await onNode(managementNode, 'short', `Preview the capture of ${input.node}`).previewCapture({ input });
}
