import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits in 43 characters that any command line and any URL takes. */
export function makeToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a token: nobody who reads the library can use it. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Whether this is the token of that hash; takes the same time for every wrong one. */
export function isToken(token: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(hashToken(token)), Buffer.from(hash.padEnd(64).slice(0, 64)));
}
