import type { CaptureRequest, PowerAction } from '../src/client.ts';
import type { Asked } from './ledger.ts';
import type { Stage } from './stage.ts';

/** What a client asks for, under a key of its own. */
export interface Request extends Pick<Asked, 'run' | 'procedure' | 'node' | 'image' | 'power'> {
  /** Asked again with the same key, there is one run. */
  start(): Promise<unknown>;
}

let count = 0;

/** A capture as an image of its own. */
export function capture({ imprint }: Stage, node: string, wishes: Omit<CaptureRequest, 'node' | 'image'>): Request {
  const requestKey = nextKey();
  const image = `image-${requestKey}`;
  return {
    run: `captureImage/${node}/${requestKey}`,
    procedure: 'captureImage',
    node,
    image,
    start: async () => await imprint.client.startCapture({ node, image, ...wishes }, { requestKey }),
  };
}

/** A capture that takes up another one which is over. */
export function replay({ imprint }: Stage, { run, node, image }: Request): Request {
  const requestKey = nextKey();
  return {
    run: `captureImage/${node}/${requestKey}`,
    procedure: 'captureImage',
    node,
    ...(image === undefined ? {} : { image }),
    start: async () => await imprint.client.replay(run, { by: 'chaos' }, { requestKey }),
  };
}

export function load({ imprint }: Stage, node: string, image: string): Request {
  const requestKey = nextKey();
  return {
    run: `loadNode/${node}/${requestKey}`,
    procedure: 'loadNode',
    node,
    image,
    start: async () => await imprint.client.startLoad({ node, image }, { requestKey }),
  };
}

export function power({ imprint }: Stage, node: string, action: PowerAction): Request {
  const requestKey = nextKey();
  return {
    run: `powerNode/${node}/${requestKey}`,
    procedure: 'powerNode',
    node,
    power: action === 'off' ? 'off' : 'on',
    start: async () => await imprint.client.power({ node, action }, { requestKey }),
  };
}

function nextKey(): string {
  count += 1;
  return `k${String(count).padStart(5, '0')}`;
}
