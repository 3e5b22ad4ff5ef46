import { ConflictError } from '../domain/errors.ts';

/** Thrown for a request that fits no work that is under way, since the worker or the order is another now. The machine asks what it is to do, and nothing has failed. */
export class StaleRequestError extends ConflictError {}
