export { archiveRuns } from './archive-runs.ts';
export { captureImage } from './capture-image.ts';
export { checkNode } from './check-node.ts';
export { freeNode } from './free-node.ts';
export { loadNode } from './load-node.ts';
export { planCapture } from './plan-capture.ts';
export { powerNode } from './power-node.ts';
export { unloadNode } from './unload-node.ts';
