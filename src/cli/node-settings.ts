import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { InvalidInputError } from '../domain/errors.ts';

/** Reads the settings of a provisioning system from a JSON file; `-` is standard input. InvalidInputError when it is no JSON object. */
export async function readNodeSettings(file: string): Promise<Readonly<Record<string, unknown>>> {
  return parseSettings(await read(file), file);
}

async function read(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (cause) {
    throw new InvalidInputError(`read the settings ${file}`, { cause });
  }
}

function parseSettings(json: string, file: string): Record<string, unknown> {
  let settings: unknown;
  try {
    settings = JSON.parse(json);
  } catch (cause) {
    throw new InvalidInputError(`read the settings ${file}: expected JSON`, { cause });
  }
  if (typeof settings === 'object' && settings !== null && !Array.isArray(settings)) return { ...settings };
  throw new InvalidInputError(`read the settings ${file}: expected a JSON object`);
}
