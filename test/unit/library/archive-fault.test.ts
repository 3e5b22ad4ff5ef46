import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IntegrityError, UnsupportedError } from '../../../src/domain/errors.ts';
import { openDiskFiles } from '../../../src/library/disk-files.ts';
import { verifyStructure } from '../../../src/library/structure.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';

const context = { signal: new AbortController().signal, progress: () => undefined };

describe('a disk that is an archive', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imprint-archive-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  const place = () => ({ name: 'mn-a', root: directory, shell: createLocalShell() });
  const verify = async (file: string, content: string | Buffer) => {
    await writeFile(join(directory, file), content);
    const disk = { file, format: 'archive', virtualSizeBytes: 1 } as const;
    await verifyStructure(place(), directory, [disk], context);
  };

  it('is whole when the program of its ending reads it to its end', async () => {
    await verify('sda.img.gz', gzipSync('a disk'));
    await verify('sda.img', 'of no known packing');
  });

  it('is refused when it is empty, something else than its name says, or cut off', async () => {
    await expect(verify('sda.img', '')).rejects.toThrow(IntegrityError);
    await expect(verify('sda.img.gz', 'no gzip')).rejects.toThrow(/not whole/);
    const whole = gzipSync(Buffer.alloc(100_000, 'x'));
    await writeFile(join(directory, 'cut.gz'), whole);
    await truncate(join(directory, 'cut.gz'), whole.length - 5);
    const disk = { file: 'cut.gz', format: 'archive', virtualSizeBytes: 1 } as const;
    await expect(verifyStructure(place(), directory, [disk], context)).rejects.toThrow(/not whole/);
  });

  it('cannot be looked into', async () => {
    const disk = { file: join(directory, 'sda.img.gz'), format: 'archive', scratch: directory } as const;
    await expect(openDiskFiles(place(), disk, context)).rejects.toThrow(UnsupportedError);
  });
});
