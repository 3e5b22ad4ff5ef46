import { UnauthorizedError } from '../domain/errors.ts';
import type { IsCardAt } from './neighbours.ts';
import { listOrders, orderOfCard, type PlacedOrder } from './order-directory.ts';
import type { StateKeeper } from './state-keeper.ts';
import { hashToken, isToken, makeToken } from './tokens.ts';

/** From the boot script to the first contact: kernel and initrd are fetched and started in between. */
const TOKEN_LIFE_MS = 15 * 60_000;

/** A new boot token for the machine with this card, bound to run, step, card and address; the one before it is void. Undefined when no order names it. UnauthorizedError when another card is at its address. */
export async function giveToken(
  library: string,
  keeper: StateKeeper,
  machine: Machine,
  isCardAt: IsCardAt,
): Promise<string | undefined> {
  const placed = await orderOfCard(library, machine.mac);
  if (placed === undefined) return undefined;
  await requireCard(machine, isCardAt);
  const token = makeToken();
  const expires = Date.now() + TOKEN_LIFE_MS;
  await keeper.update(placed, (state) => ({ ...state, token: { ...machine, hash: hashToken(token), expires } }));
  return token;
}

interface Machine {
  readonly mac: string;
  readonly address: string;
}

/** Any host could name the card of another one. */
async function requireCard({ mac, address }: Machine, isCardAt: IsCardAt): Promise<void> {
  if (await isCardAt(mac, address)) return;
  throw new UnauthorizedError(
    `answer the machine at ${address}: the network card ${mac}, which it names, is not there`,
  );
}

/** What a machine shows at first contact. It makes up the session's secret itself, so that a lost answer can be asked for again. */
export interface Introduction {
  readonly token: string;
  readonly session: string;
  readonly mac: string;
  readonly address: string;
}

/**
 * Exchanges a boot token for a session, once: the same token with the same session is the same exchange; with another session it is refused. The session
 * that the order had before ends. UnauthorizedError otherwise.
 */
export async function openSession(
  library: string,
  keeper: StateKeeper,
  shown: Introduction,
  isCardAt: IsCardAt,
): Promise<PlacedOrder> {
  const placed = await orderOfCard(library, shown.mac);
  if (placed === undefined || shown.session.length < 32) throw refused(shown);
  await requireCard(shown, isCardAt);
  await keeper.update(placed, (state) => {
    const { token, session } = state;
    const { mac, address } = shown;
    const isRepeated =
      session?.token === hashToken(shown.token) && isToken(shown.session, session.hash) && isOf(session, shown);
    if (isRepeated) return state;
    const isGood = token !== undefined && isToken(shown.token, token.hash) && token.expires > Date.now();
    if (!isGood || !isOf(token, shown)) throw refused(shown);
    const { token: _used, ...rest } = state;
    const phase = state.phase === 'waiting' ? 'booted' : state.phase;
    const opened = { hash: hashToken(shown.session), token: hashToken(shown.token), mac, address };
    return { ...rest, phase, session: opened };
  });
  return placed;
}

/** The order whose session this is. UnauthorizedError when it is over, never was, or is used from another address. */
export async function orderOfSession(
  library: string,
  keeper: StateKeeper,
  shown: { readonly session: string; readonly address: string },
): Promise<PlacedOrder> {
  for (const placed of await listOrders(library)) {
    const { session } = await keeper.read(placed);
    if (session !== undefined && isToken(shown.session, session.hash) && session.address === shown.address)
      return placed;
  }
  throw new UnauthorizedError(`answer the machine at ${shown.address}: its session is not, or no longer, open`);
}

function isOf(grant: { readonly mac: string; readonly address: string }, shown: Introduction): boolean {
  return grant.mac === shown.mac && grant.address === shown.address;
}

function refused({ mac, address }: Introduction): UnauthorizedError {
  return new UnauthorizedError(`open a session for ${mac} at ${address}: its boot token is not good for it`);
}
