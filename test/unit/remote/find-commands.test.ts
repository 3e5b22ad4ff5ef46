import { describe, expect, it } from 'vitest';
import { toolRequirements } from '../../../src/provisioners/tool-requirements.ts';
import { findCommands } from '../../../src/remote/find-commands.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';
import { UnavailableError } from '../../../src/domain/errors.ts';
import type { Shell } from '../../../src/remote/shell.ts';

const context = { signal: new AbortController().signal, progress: () => undefined };

describe('looking for commands on a host', () => {
  it('answers where each lies, and that one is not there', async () => {
    const names = ['sh', 'no-such-command-here', '/etc/passwd', '/no/such/file'];
    const found = await findCommands(createLocalShell(), names, context);
    expect(found.get('sh')).toMatch(/\/sh$/);
    expect(found.get('/etc/passwd')).toBe('/etc/passwd');
    expect(found.get('no-such-command-here')).toBeUndefined();
    expect(found.get('/no/such/file')).toBeUndefined();
  });

  it('on one that does not answer is one requirement that is not met, with the reason', async () => {
    const refuse = () => Promise.reject(new UnavailableError('could not connect to root@kvm-2:22'));
    const shell: Shell = { host: 'root@kvm-2:22', run: refuse, upload: refuse, download: refuse };
    const place = { shell, where: 'host kvm-2' };
    expect(await toolRequirements(place, ['libvirtHost'], context)).toMatchObject([
      { where: 'host kvm-2', ok: false, found: 'could not connect to root@kvm-2:22' },
    ]);
  });
});
