import { InvalidInputError } from '../domain/errors.ts';
import type { CaptureImageInput } from '../domain/inputs.ts';
import type { Catalog } from './catalog.ts';

/**
 * The operating system of a capture: what the image already is, else what is loaded on the node, else what was asked for.
 * InvalidInputError when none of them says it, or when they contradict what was asked for.
 */
export async function chooseOperatingSystem(
  catalog: Catalog,
  input: Pick<CaptureImageInput, 'node' | 'image' | 'operatingSystem'>,
): Promise<string> {
  const known =
    (await catalog.revisions.findImage(input.image))?.operatingSystem ?? (await loadedOn(catalog, input.node));
  const asked = input.operatingSystem;
  if (known === undefined && asked === undefined) {
    throw new InvalidInputError(
      `${input.node}: nothing says which operating system it runs; name it with operatingSystem (--os)`,
    );
  }
  if (known !== undefined && asked !== undefined && known !== asked) {
    throw new InvalidInputError(`image ${input.image} is of ${known}, not of ${asked}`);
  }
  const name = known ?? asked ?? '';
  await catalog.operatingSystems.get(name);
  return name;
}

async function loadedOn(catalog: Catalog, node: string): Promise<string | undefined> {
  const { currentRevisionId } = await catalog.computers.get(node);
  return currentRevisionId === undefined ? undefined : (await catalog.revisions.get(currentRevisionId)).operatingSystem;
}
