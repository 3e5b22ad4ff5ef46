import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startImagingServer, type ImagingServer } from '../../src/imaging/server.ts';
import type { BuiltEnvironment } from '../../src/imaging/environment/build.ts';

/** A server over an empty library on the loopback, with files that stand for kernel and initramfs. */
export interface ImagingBench {
  readonly directory: string;
  readonly library: string;
  readonly server: ImagingServer;
  readonly base: string;
  readonly api: string;
  /** What the server could not answer. */
  readonly complaints: readonly string[];
  /** Cards that are at another address than the one that names them. */
  readonly elsewhere: Set<string>;
  /** Plays the firmware: the script for this card, and the token in it. */
  boot(mac: string): Promise<{ readonly script: string; readonly token: string }>;
}

export async function startImagingBench(environment?: () => Promise<BuiltEnvironment>): Promise<ImagingBench> {
  const directory = mkdtempSync(join(tmpdir(), 'imprint-imaging-'));
  const library = join(directory, 'library');
  mkdirSync(library);
  mkdirSync(join(directory, 'chroot'));
  const [kernel, initrd] = [join(directory, 'kernel'), join(directory, 'initrd')];
  writeFileSync(kernel, 'kernel');
  writeFileSync(initrd, 'initrd');
  const complaints: string[] = [];
  const elsewhere = new Set<string>();
  const server = await startImagingServer({
    ...{ library, address: '127.0.0.1', listen: '127.0.0.1', httpPort: 0, httpsPort: 0 },
    kernelParameters: [],
    // The loopback has no neighbours.
    isCardAt: async (card) => !elsewhere.has(card),
    environment:
      environment ?? (async () => ({ kernel, initrd, digest: 'c0ffee', kernelVersion: '6.1', initrdBytes: 6 })),
    complain: (words) => complaints.push(words),
  });
  copyFileSync(join(library, '.imaging/tls/authority.crt'), join(directory, 'authority.crt'));
  const base = `http://127.0.0.1:${server.httpPort}`;
  return {
    ...{ directory, library, server, base, complaints, elsewhere, api: `https://127.0.0.1:${server.httpsPort}` },
    boot: async (mac) => {
      const script = await (await fetch(`${base}/boot/${mac.replaceAll(':', '-')}`)).text();
      return { script, token: /imprint\.token=(\S+)/.exec(script)?.[1] ?? '' };
    },
  };
}
