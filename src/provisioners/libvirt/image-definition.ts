import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import type { Definition, XmlElement } from './definition.ts';
import { writeXml } from './xml.ts';

const reader = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', parseTagValue: false });

/** What belongs to an image and not to the computer that it is loaded on. */
export interface ImageDefinition {
  /** `efi`, or `bios`. */
  readonly firmware: 'bios' | 'efi';
  /** What the guest takes its hardware clock for: `utc`, `localtime` (Windows). */
  readonly clock: 'utc' | 'localtime';
}

const osSchema = z.looseObject({ '@firmware': z.string().optional(), loader: z.unknown().optional() });
const clockSchema = z.looseObject({ '@offset': z.string() });

/** Picks from the definition of the captured machine what its image needs wherever it runs. */
export function imageDefinitionOf(definition: Definition): ImageDefinition {
  return pick(definition.xml);
}

/**
 * The XML that is stored with an image. It is put together from known elements, so that nothing of the machine's own identity (names,
 * UUID, addresses, paths) can be in it: firmware and clock, and for people the disks, memory and processors that it had.
 */
export function formatImageDefinition(definition: Definition): string {
  const { firmware, clock } = imageDefinitionOf(definition);
  return writeXml({
    domain: {
      '@type': 'image',
      memory: definition.xml['memory'],
      vcpu: definition.xml['vcpu'],
      os: { '@firmware': firmware },
      clock: { '@offset': clock },
      devices: { disk: definition.disks.map((disk) => ({ target: { '@dev': disk.name, '@bus': disk.bus } })) },
    },
  });
}

/** Reads what `formatImageDefinition` wrote; BIOS and UTC where it says nothing, or nothing was stored. */
export function parseImageDefinition(text: string | undefined): ImageDefinition {
  if (text === undefined) return { firmware: 'bios', clock: 'utc' };
  const root = z.looseObject({ domain: z.looseObject({}).optional() }).safeParse(reader.parse(text));
  return pick(root.success ? (root.data.domain ?? {}) : {});
}

function pick(domain: XmlElement): ImageDefinition {
  const os = osSchema.safeParse(domain['os']);
  const clock = clockSchema.safeParse(domain['clock']);
  const hasFirmware = os.success && (os.data['@firmware'] === 'efi' || os.data.loader !== undefined);
  return {
    firmware: hasFirmware ? 'efi' : 'bios',
    clock: clock.success && clock.data['@offset'] === 'localtime' ? 'localtime' : 'utc',
  };
}
