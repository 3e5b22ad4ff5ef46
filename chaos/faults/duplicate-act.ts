import type { Fault } from '../fault.ts';
import { carriedOut } from './carried-out.ts';

export const duplicateAct: Fault = {
  kind: 'act carried out twice',
  about: 'what an activity does to the world, the library or the catalog arrives there twice',
  weight: 2,
  strike: async ({ orders }) => ({ what: await carriedOut(orders, 'duplicate') }),
};
