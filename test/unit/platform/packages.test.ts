import { describe, expect, it } from 'vitest';
import { installCommand, systemPackages } from '../../../src/platform/packages.ts';

describe('system packages', () => {
  it('are named in a command that a person can run as it is', () => {
    const command = installCommand(['qemu-utils', 'virt-x']);

    expect(command).toMatch(
      /apt-get update && (sudo )?apt-get install --yes --no-install-recommends qemu-utils virt-x$/,
    );
  });

  it.each(Object.entries(systemPackages))('of %s are shown by a command or an absolute path', (_, entries) => {
    for (const entry of entries) expect(entry.shownBy).toMatch(/^(\/[\w./-]+|[\w.-]+)$/);
  });
});
