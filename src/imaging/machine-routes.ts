import { createHash } from 'node:crypto';
import { InvalidInputError } from '../domain/errors.ts';
import { MOST_STORED_BYTES } from '../library/chunks/frame.ts';
import { chunkEndsOrder, endsOrder, refuseEpoch, refuseStopped, type MachineDesk } from './machine-desk.ts';
import type { ChunkName, MachineWork } from './machine-work.ts';
import type { IsCardAt } from './neighbours.ts';
import type { PlacedOrder } from './order-directory.ts';
import { answerOf, readBody, textOf, wholeNumber, type Answer, type MachineRequest } from './requests.ts';
import { openSession, orderOfSession } from './sessions.ts';
import type { StateKeeper } from './state-keeper.ts';

const MOST_FACTS_BYTES = 16 * 1024 ** 2;
const MOST_MAP_BYTES = 512 * 1024 ** 2;

export interface MachineRoutes {
  /** What ends an order is kept in its state and answered; everything else that is wrong is thrown. */
  answer(request: MachineRequest): Promise<Answer>;
}

interface Call {
  readonly request: MachineRequest;
  readonly placed: PlacedOrder;
  readonly work: MachineWork;
}

const done: Answer = { status: 200, body: '' };

/** What a machine may ask for over TLS, by method and path. All but `POST /session` need the session. */
export function createMachineRoutes(
  library: string,
  keeper: StateKeeper,
  desk: MachineDesk,
  isCardAt: IsCardAt,
): MachineRoutes {
  const routes: Readonly<Record<string, (call: Call) => Promise<Answer>>> = {
    'GET /next': async ({ placed, work }) => {
      const state = await keeper.read(placed);
      const isOver = ['done', 'failed', 'stopped'].includes(state.phase);
      const words = isOver ? ['off'] : await work.next(state);
      return { status: 200, body: `${[String(placed.order.epoch), ...words].join('\t')}\n` };
    },
    'GET /alive': async ({ placed }) => {
      await keeper.update(placed, (state) => state);
      return done;
    },
    'POST /facts': async ({ request, work }) => {
      await work.takeFacts((await readBody(request.message, MOST_FACTS_BYTES)).toString('utf8'));
      return done;
    },
    'POST /map': async (call) => {
      const output = (await readBody(call.request.message, MOST_MAP_BYTES)).toString('utf8');
      await call.work.takeMap(textOf(call.request.query, 'id'), {
        status: wholeNumber(call.request.query, 'status'),
        output,
      });
      return done;
    },
    'POST /result': async (call) => {
      const output = (await readBody(call.request.message, MOST_FACTS_BYTES)).toString('utf8');
      await call.work.takeResult(textOf(call.request.query, 'id'), {
        status: wholeNumber(call.request.query, 'status'),
        output,
      });
      return done;
    },
    'GET /chunks': async ({ work }) => ({ status: 200, body: await work.chunkList() }),
    'GET /chunk': async ({ request, work }) => ({ status: 200, body: await work.giveChunk(chunkName(request)) }),
    'PUT /chunk': takeChunk,
    'POST /written': async ({ request, work }) => {
      await work.takeWritten(chunkName(request));
      return done;
    },
    'POST /failed': async ({ request, placed }) => {
      const words = (await readBody(request.message, MOST_FACTS_BYTES)).toString('utf8').trim();
      await desk.fail(placed, words.slice(-2_000));
      return done;
    },
  };
  return {
    answer: async (request) => {
      if (request.route === 'POST /session') return await introduce(library, keeper, request, isCardAt);
      const route = routes[request.route];
      if (route === undefined) return { status: 404, body: 'there is no such request\n' };
      const session = /^Bearer (\S+)$/.exec(request.message.headers.authorization ?? '')?.[1] ?? '';
      const placed = await orderOfSession(library, keeper, { session, address: request.address });
      return await carryOut({ request, placed, route }, desk);
    },
  };
}

interface Routed {
  readonly request: MachineRequest;
  readonly placed: PlacedOrder;
  readonly route: (call: Call) => Promise<Answer>;
}

/** Writes carry the epoch of the order that the machine was told; what ends the order is kept in its state. */
async function carryOut({ request, placed, route }: Routed, desk: MachineDesk): Promise<Answer> {
  if (request.route !== 'GET /next') refuseStopped(placed);
  if (request.message.method !== 'GET') refuseEpoch(placed, wholeNumber(request.query, 'epoch'));
  try {
    return await route({ request, placed, work: await desk.workOf(placed) });
  } catch (error) {
    const isChunk = request.route.endsWith(' /chunk') || request.route === 'POST /written';
    const ends = isChunk ? chunkEndsOrder(error) : endsOrder(error) && !(error instanceof InvalidInputError);
    if (!ends) throw error;
    await desk.fail(placed, error);
    return { ...answerOf(error), status: 409 };
  }
}

/** Three lines: boot token, the session's secret that the machine has made up, its network card. */
async function introduce(
  library: string,
  keeper: StateKeeper,
  request: MachineRequest,
  isCardAt: IsCardAt,
): Promise<Answer> {
  const [token = '', session = '', mac = ''] = (await readBody(request.message, 4_096)).toString('utf8').split('\n');
  await openSession(library, keeper, { token, session, mac, address: request.address }, isCardAt);
  return done;
}

async function takeChunk({ request, work }: Call): Promise<Answer> {
  const expected = textOf(request.query, 'sha256');
  const stored = await readBody(request.message, MOST_STORED_BYTES);
  const sha256 = createHash('sha256').update(stored).digest('hex');
  if (sha256 !== expected) throw new InvalidInputError('take a chunk: its bytes are not of its sha256');
  await work.takeChunk(chunkName(request), sha256, stored);
  return done;
}

function chunkName({ query }: MachineRequest): ChunkName {
  return { disk: wholeNumber(query, 'disk'), offset: wholeNumber(query, 'offset') };
}
