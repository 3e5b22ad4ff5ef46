import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { InvalidInputError, NotFoundError } from '../domain/errors.ts';

/** Passwords and keys by name, so that settings and histories hold only names. */
export interface Secrets {
  /**
   * The secret's text. Read again at every call, so that a changed file counts from the next connection on. Throws
   * InvalidInputError (not a name, or a file that anybody may read), NotFoundError (it says where was looked).
   */
  resolve(name: string): Promise<string>;
}

export interface SecretsOptions {
  /** Directory with one file a secret, called like the secret. Absent: only `values` are looked at. */
  readonly directory?: string;
  /** Secrets from the environment by the name of their variable: `IMPRINT_SECRET_BMC_ADMIN` is the secret `bmc-admin`. */
  readonly values: Readonly<Record<string, string>>;
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const READABLE_BY_OTHERS = 0o004;

/** Larger than any key or password; a secret's name on a large file is a mistake. */
const LARGEST_BYTES = 64 * 1024;

export function createSecrets({ directory, values }: SecretsOptions): Secrets {
  return {
    async resolve(name) {
      if (!NAME.test(name)) {
        throw new InvalidInputError(
          `secret: expected a name of lower-case letters, digits and hyphens; got ${JSON.stringify(name)}`,
        );
      }
      const variable = `IMPRINT_SECRET_${name.toUpperCase().replaceAll('-', '_')}`;
      const value = values[variable];
      if (value !== undefined && value !== '') return value;
      const text = directory === undefined ? undefined : await readSecretFile(directory, name);
      if (text !== undefined) return text;
      const place = directory === undefined ? 'no secrets directory is set' : `no file ${join(directory, name)}`;
      throw new NotFoundError(`no secret ${name}: ${variable} is not set, and ${place}`);
    },
  };
}

async function readSecretFile(directory: string, name: string): Promise<string | undefined> {
  const path = await insideOf(directory, name);
  if (path === undefined) return undefined;
  // Without O_NONBLOCK, opening a pipe would wait for somebody to write to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // Checked on the open file, so that it is the one that is read.
    const { mode, size } = await file.stat().then((stat) => {
      if (!stat.isFile()) throw new InvalidInputError(`secret ${name}: ${path} is not a regular file`);
      return stat;
    });
    if ((mode & READABLE_BY_OTHERS) !== 0) {
      throw new InvalidInputError(`secret ${name}: everybody may read ${path}; take that right away (chmod o-r)`);
    }
    if (size > LARGEST_BYTES) throw new InvalidInputError(`secret ${name}: ${path} is larger than 64 KiB`);
    return withoutFinalNewline(await file.readFile('utf8'));
  } finally {
    await file.close();
  }
}

/** The file's real path; undefined when it does not exist. A link is followed only to a place within the directory. */
async function insideOf(directory: string, name: string): Promise<string | undefined> {
  const path = await realpath(join(directory, name)).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new InvalidInputError(`secret ${name}: could not look into ${directory}`, { cause: error });
  });
  if (path === undefined) return undefined;
  const within = relative(await realpath(directory), path);
  // A name that merely begins with two dots is inside: orchestrators mount secrets through a folder `..data`.
  if (within === '..' || within.startsWith(`..${sep}`)) {
    throw new InvalidInputError(`secret ${name}: its file is a link that leads out of ${directory}`);
  }
  return path;
}

/** An editor ends a one-line password in a newline that is no part of it; a key of several lines keeps its own. */
function withoutFinalNewline(text: string): string {
  const line = text.replace(/\r?\n$/, '');
  return line.includes('\n') ? text : line;
}
