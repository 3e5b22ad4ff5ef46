import type { Order, Orders } from '../orders.ts';
import { eventually } from '../waiting.ts';

const takenMs = 20_000;

/** Places an order; answers which call took it, or undefined when none came by. */
export async function carriedOut(orders: Orders, order: Order): Promise<string | undefined> {
  const number = orders.place(order);
  const what = await eventually(async () => await Promise.resolve(orders.taken(number)), takenMs);
  if (what === undefined) orders.withdraw(order, number);
  return what;
}
