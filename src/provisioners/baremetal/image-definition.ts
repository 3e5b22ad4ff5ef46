import { z } from 'zod';
import type { Manifest } from '../../domain/image.ts';
import type { Machine } from './machine.ts';

/** What an image says of the machine that it was captured from, without its identity. */
const definitionSchema = z.object({ bootMode: z.enum(['bios', 'uefi']) });

export function formatDefinition({ settings: { bootMode } }: Machine): string {
  return JSON.stringify({ bootMode });
}

/** How the captured machine booted; undefined for images of other systems. */
export function bootModeOf({ source }: Manifest): 'bios' | 'uefi' | undefined {
  try {
    return definitionSchema.parse(JSON.parse(source.definition ?? '')).bootMode;
  } catch {
    return undefined;
  }
}
