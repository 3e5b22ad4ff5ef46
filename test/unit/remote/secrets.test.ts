import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InvalidInputError, NotFoundError, errorChain } from '../../../src/domain/errors.ts';
import { createSecrets } from '../../../src/remote/secrets.ts';

let directory: string;
const write = (name: string, text: string, mode = 0o600): Promise<void> =>
  writeFile(join(directory, name), text, { mode });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imprint-secrets-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe('a secret', () => {
  it('comes from the given values before it comes from a file', async () => {
    await write('bmc-admin', 'from the file');

    const secrets = createSecrets({ directory, values: { IMPRINT_SECRET_BMC_ADMIN: 'from the environment' } });

    expect(await secrets.resolve('bmc-admin')).toBe('from the environment');
  });

  it('of one line loses the newline that an editor added', async () => {
    await write('password', 'tiger \n');

    expect(await createSecrets({ directory, values: {} }).resolve('password')).toBe('tiger ');
  });

  it('of several lines is kept as it is', async () => {
    await write('key', '-----BEGIN\nabc\n-----END\n');

    expect(await createSecrets({ directory, values: {} }).resolve('key')).toBe('-----BEGIN\nabc\n-----END\n');
  });

  it('is read again at every call', async () => {
    const secrets = createSecrets({ directory, values: {} });
    await write('password', 'old');
    expect(await secrets.resolve('password')).toBe('old');

    await write('password', 'new');

    expect(await secrets.resolve('password')).toBe('new');
  });

  it('that is nowhere is not found, and the error names both places', async () => {
    const failure = createSecrets({ directory, values: {} }).resolve('bmc-admin');

    await expect(failure).rejects.toThrow(NotFoundError);
    await expect(failure).rejects.toThrow(/IMPRINT_SECRET_BMC_ADMIN is not set, and no file .*\/bmc-admin$/);
  });

  it('is looked for only among the values when there is no directory', async () => {
    await expect(createSecrets({ values: {} }).resolve('key')).rejects.toThrow(/no secrets directory is set/);
  });

  it.each(['../etc/passwd', '/etc/passwd', '', 'A', 'a_b', '.', '-a', 'a/b'])('cannot be called %j', async (name) => {
    await expect(createSecrets({ directory, values: {} }).resolve(name)).rejects.toThrow(InvalidInputError);
  });
});

describe('a secret file', () => {
  it('that everybody may read is refused, without telling what it holds', async () => {
    await write('password', 'tiger');
    const secrets = createSecrets({ directory, values: {} });
    expect(await secrets.resolve('password')).toBe('tiger');

    await chmod(join(directory, 'password'), 0o644);

    const error: unknown = await secrets.resolve('password').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(`${errorChain(error)}${JSON.stringify(error)}`).not.toContain('tiger');
  });

  it('may be a link within the directory, as orchestrators mount them, but not out of it', async () => {
    await mkdir(join(directory, '..data'));
    await write('..data/inside', 'tiger');
    await symlink('..data/inside', join(directory, 'inside'));
    await symlink('/etc/hostname', join(directory, 'outside'));
    const secrets = createSecrets({ directory, values: {} });

    expect(await secrets.resolve('inside')).toBe('tiger');
    await expect(secrets.resolve('outside')).rejects.toThrow(/leads out of/);
  });

  it('must be a regular file', async () => {
    await mkdir(join(directory, 'folder'), { mode: 0o700 });

    await expect(createSecrets({ directory, values: {} }).resolve('folder')).rejects.toThrow(/not a regular file/);
  });
});
