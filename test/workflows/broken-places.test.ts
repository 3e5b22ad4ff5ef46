import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withImprint } from '../support/imprint-suite.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { makeReadOnly } from '../support/read-only.ts';
import { failureOf } from '../support/runs.ts';

/** A way in which a place that a run needs is broken. `mend` puts it right again. */
interface Break {
  readonly what: string;
  readonly message: RegExp;
  apply(imprint: TestImprint): Promise<() => Promise<void>>;
}

const directory = await mkdtemp(join(tmpdir(), 'imprint-places-'));
const secrets = join(directory, 'secrets');
const secret = join(secrets, 'authorized-keys');
await mkdir(secrets, { mode: 0o700 });
await writeFile(secret, 'ssh-ed25519 AAAA test\n', { mode: 0o600 });
afterAll(async () => await rm(directory, { recursive: true, force: true }));

const breaks: readonly Break[] = [
  {
    what: 'the library is missing, as a share that is not mounted',
    message: /library mn-test: .*\.staging is missing or cannot be written to/,
    apply: async ({ library }) => {
      await rename(library, `${library}.away`);
      return async () => await rename(`${library}.away`, library);
    },
  },
  {
    what: 'the library is read-only, as a file system after an error',
    message: /library mn-test: .*\.staging is missing or cannot be written to/,
    apply: async ({ library }) => await makeReadOnly(join(library, '.staging')),
  },
  {
    what: 'a secret is missing',
    message: /no secret authorized-keys: .* no file .*authorized-keys/,
    apply: async () => {
      await rename(secret, `${secret}.away`);
      return async () => await rename(`${secret}.away`, secret);
    },
  },
  {
    what: 'a secret can be read by everybody',
    message: /everybody may read .*authorized-keys/,
    apply: async () => {
      await chmod(secret, 0o644);
      return async () => await chmod(secret, 0o600);
    },
  },
];

describe('a capture', () => {
  let imprint: TestImprint;
  withImprint(
    async (started) => {
      imprint = started;
      await imprint.startWorkerHere();
    },
    { settings: { IMPRINT_SECRETS: secrets, IMPRINT_SECRET_AUTHORIZED_KEYS: '' } },
  );

  it.each(breaks)('is refused in step 3, and the node is as it was, when $what', async ({ apply, message }) => {
    const node = await imprint.addNode();
    const image = imprint.fresh('image');
    const before = await imprint.world.machine(await imprint.catalog.computers.get(node));
    const mend = await apply(imprint);
    const start = async () =>
      await imprint.client.startCapture({ node, image, author: 'test', operatingSystem: simulatedSystem });
    const run = await start();
    const failure = await failureOf(run).finally(mend);

    expect(failure.message).toMatch(message);
    const steps = await imprint.catalog.runs.steps(run.id);
    expect(steps.find(({ state }) => state === 'failed')?.number).toBe('3');
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({ state: 'available', owner: undefined });
    expect((await imprint.world.machine(await imprint.catalog.computers.get(node))).loaded).toEqual(before.loaded);
    // Control: once it is mended, the same capture succeeds.
    expect(await (await start()).result()).toMatchObject({ image, revision: 1 });
  });
});
