import type { Order, Orders } from '../orders.ts';
import { eventually } from '../waiting.ts';

const takenMs = 20_000;

/** Places an order, for a call whose description holds `where`; answers which call took it, or undefined when none came by. */
export async function carriedOut(orders: Orders, order: Order, where = ''): Promise<string | undefined> {
  const number = orders.place(order, where);
  const what = await eventually(async () => await Promise.resolve(orders.taken(number)), takenMs);
  if (what === undefined) orders.withdraw(order, number);
  return what;
}
