import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a worker process is told to do wrong, once: the next one that comes to such a place does it. */
export type Order = 'lose-answer' | 'duplicate' | 'freeze';

/** Files in a directory, by which the chaos and its worker processes know of each other whatever happens to either. */
export interface Orders {
  /** Only a call whose description holds `where` is to take it. Returns the order's number. */
  place(order: Order, where?: string): number;
  /** True for exactly one of those who ask and whom it is meant for, after each order that was placed. `by` describes the call. */
  take(order: Order, by: string): boolean;
  /** Who took the order of that number, and what for; undefined while nobody has. */
  taken(number: number): string | undefined;
  /** Nobody is to take it any more. True when nobody had. */
  withdraw(order: Order, number: number): boolean;
}

/** The environment variable of the directory. */
export const ordersVariable = 'CHAOS_ORDERS';

export function createOrders(directory: string): Orders {
  mkdirSync(directory, { recursive: true });
  let count = 0;
  const pathOf = (name: string): string => join(directory, name);
  return {
    place: (order, where = '') => {
      count += 1;
      // Renamed, so that nobody reads half of it.
      writeFileSync(pathOf('new'), where);
      renameSync(pathOf('new'), pathOf(`${order}.${String(count)}`));
      return count;
    },
    take: (order, by) => {
      const mine = (name: string): boolean => name.startsWith(`${order}.`) && by.includes(read(pathOf(name)) ?? '\0');
      const name = readdirSync(directory).find(mine);
      if (name === undefined || !removed(pathOf(name))) return false;
      writeFileSync(pathOf(`taken.${name.split('.')[1] ?? ''}`), by);
      return true;
    },
    taken: (number) => {
      const note = pathOf(`taken.${String(number)}`);
      const by = read(note);
      // An empty one is still being written.
      if (by === undefined || by === '') return undefined;
      rmSync(note, { force: true });
      return by;
    },
    withdraw: (order, number) => removed(pathOf(`${order}.${String(number)}`)),
  };
}

/** Only one of several processes can remove a file. */
function removed(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
