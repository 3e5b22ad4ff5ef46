import { z } from 'zod';
import type { Json } from '../../domain/plan.ts';

/** A value as a history in JSON holds it: its bytes in Base64, and what they are, in Base64 too. */
export const payloadSchema = z.looseObject({
  metadata: z.record(z.string(), z.string()).exactOptional(),
  data: z.string().exactOptional(),
});

/** Several values, such as the arguments of an activity. */
export const payloadsSchema = z.looseObject({ payloads: z.array(payloadSchema).default([]) });

/** The value of a payload in JSON; undefined when there is none, or when it is none in JSON (binary, encrypted). */
export function valueOf(payload: z.output<typeof payloadSchema> | undefined): Json | undefined {
  if (payload?.data === undefined || decode(payload.metadata?.['encoding'] ?? '') !== 'json/plain') return undefined;
  try {
    return JSON.parse(decode(payload.data)) as Json;
  } catch {
    return undefined;
  }
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
