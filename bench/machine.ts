import { readFile } from 'node:fs/promises';
import { arch, cpus, release, totalmem } from 'node:os';
import { execa } from 'execa';
import prettyBytes from 'pretty-bytes';

/**
 * What the figures were measured on: hardware, kernel, and the versions of everything that takes part. No host name: a class of machines is named,
 * not one of them.
 */
export async function describeMachine(directory: string): Promise<Record<string, string>> {
  const cores = cpus();
  return {
    // The guests of the benchmarks are those of the tests, which are emulated everywhere, so that figures can be compared.
    class: `${String(cores.length)}x-${arch()}-tcg`,
    processor: `${String(cores.length)} × ${cores[0]?.model ?? 'unknown'}`,
    memory: prettyBytes(totalmem(), { binary: true }),
    kernel: release(),
    system: await systemName(),
    fileSystem: (await printed('stat', ['-f', '-c', '%T', directory])) ?? 'unknown',
    guests: 'emulated by TCG',
    node: process.version,
    temporalSdk: await sdkVersion(),
    temporal: (await printed(temporalCommand(), ['--version'])) ?? 'not found',
    qemu: (await printed('qemu-img', ['--version'])) ?? 'not found',
    libvirt: (await printed('libvirtd', ['--version'])) ?? 'not found',
    openssl: (await printed('openssl', ['version'])) ?? 'not found',
  };
}

function temporalCommand(): string {
  return process.env['IMPRINT_TEMPORAL_BINARY'] ?? 'temporal';
}

async function systemName(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="(.*)"$/m.exec(text)?.[1] ?? 'unknown';
}

async function sdkVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  return dependencies['@temporalio/worker'] ?? 'unknown';
}

/** First line that a command prints; undefined when there is no such command. */
async function printed(file: string, args: readonly string[]): Promise<string | undefined> {
  const { stdout, failed } = await execa(file, args, { reject: false });
  return failed ? undefined : stdout.split('\n')[0];
}
