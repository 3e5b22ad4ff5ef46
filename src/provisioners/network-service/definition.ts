import { z } from 'zod';
import { IntegrityError } from '../../domain/errors.ts';

const definitionSchema = z.object({
  service: z.string(),
  /** Parts of the service that ran when it was captured: FRR's daemons. */
  parts: z.array(z.string()).default([]),
  /** What decides how the text is read, such as FRR's profile of defaults. */
  traits: z.record(z.string(), z.string()).default({}),
});

/** What an image's manifest says of the service beside its configuration. */
export type ServiceDefinition = z.output<typeof definitionSchema>;

export function formatServiceDefinition(definition: ServiceDefinition): string {
  return `${JSON.stringify(definition)}\n`;
}

/** IntegrityError, naming `of`, when the text is none: the image was made by another provisioning system. */
export function parseServiceDefinition(text: string | undefined, of: string): ServiceDefinition {
  try {
    return definitionSchema.parse(JSON.parse(text ?? ''));
  } catch (cause) {
    throw new IntegrityError(`read what ${of} says of its service: it was not captured from a service`, { cause });
  }
}
