import type { Fault } from '../fault.ts';
import { carriedOut } from './carried-out.ts';

export const loseAnswer: Fault = {
  kind: 'answer lost',
  about: 'an activity does its work, and its answer does not arrive: it is tried again',
  weight: 3,
  strike: async ({ orders }) => ({ what: await carriedOut(orders, 'lose-answer') }),
};
