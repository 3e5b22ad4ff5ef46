import { mkdir } from 'node:fs/promises';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inheritedTasks, limitAccessTasks, openAccessTasks } from '../../../../src/os/linux/access-tasks.ts';
import { cleaningTasks } from '../../../../src/os/linux/cleaning-tasks.ts';
import { cleanFunction, excludeFunctions } from '../../../../src/os/linux/exclude-list.ts';
import type { TaskOutcome } from '../../../../src/os/operating-system.ts';
import { createFakeRoot, type FakeRoot } from '../../../support/fake-root.ts';
import { skipWithout } from '../../../support/unavailable.ts';

let fake: FakeRoot;

beforeEach(async () => {
  fake = await createFakeRoot();
});
afterEach(async () => {
  await fake.remove();
});

async function runTask(call: string, before = ''): Promise<TaskOutcome | undefined> {
  const functions = `${excludeFunctions}${cleanFunction}${cleaningTasks}${inheritedTasks}${openAccessTasks}${limitAccessTasks}read_exclude_lists\n`;
  return await fake.runTask(`${functions}${before}`, call);
}

describe('the SSH server of an image', () => {
  it('listens everywhere: an address of the captured machine is no longer named', async () => {
    const kept = 'Port 22\nListenAddress 0.0.0.0\nListenAddress 127.0.0.1\nAllowUsers root\n#ListenAddress 10.0.0.1\n';
    await fake.file('etc/ssh/sshd_config', `${kept}ListenAddress 10.0.0.7\n  listenaddress fe80::1\n`, 0o600);

    expect(await runTask('default_sshd')).toMatchObject({ outcome: 'changed' });
    expect(await fake.content('etc/ssh/sshd_config')).toBe(kept);
    expect(await fake.mode('etc/ssh/sshd_config')).toBe(0o600);
    expect(await runTask('default_sshd')).toMatchObject({ outcome: 'unchanged' });
  });

  it('is one again, for all users, where Apache VCL had made two', async () => {
    await fake.file(
      'etc/ssh/sshd_config',
      'Port 22\n#---- VCL Settings ----\nAllowUsers root\nListenAddress 10.0.0.7\n',
    );
    await fake.file('etc/ssh/external_sshd_config', 'x');
    await fake.file('etc/systemd/system/ext_sshd.service', 'x');

    expect(await runTask('default_sshd')).toMatchObject({ outcome: 'changed' });
    expect(await fake.content('etc/ssh/sshd_config')).toBe('Port 22\n#---- VCL Settings ----\n');
    expect(await fake.content('etc/ssh/external_sshd_config')).toBeUndefined();
    expect(await fake.content('etc/systemd/system/ext_sshd.service')).toBeUndefined();
  });

  it('stays as the exclude list wants it', async () => {
    await fake.file('etc/imprint/exclude-list', `${fake.path}/etc/ssh/sshd_config\n`);
    await fake.file('etc/ssh/sshd_config', 'ListenAddress 10.0.0.7\n');

    expect(await runTask('default_sshd')).toMatchObject({ outcome: 'unchanged' });
  });
});

describe('where SSH may come from', () => {
  const limit = 'etc/ssh/sshd_config.d/00-imprint-sources.conf';

  beforeEach(async (context) => {
    skipWithout(context, 'ssh');
    // Of this host: where no server was started yet there is none, and run by root the server does not look at a configuration without it.
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    await execa('ssh-keygen', ['-q', '-N', '', '-t', 'ed25519', '-f', `${fake.path}/host`]);
    const include = `Include ${fake.path}/etc/ssh/sshd_config.d/*.conf\nHostKey ${fake.path}/host\n`;
    await fake.file('etc/ssh/sshd_config', include);
    await fake.file('bin/systemctl', `#!/bin/sh\necho "$@" >>${fake.path}/calls\n`, 0o755);
    // sshd wants its own whole path.
    await fake.file('bin/sshd', '#!/bin/sh\nexec /usr/sbin/sshd "$@"\n', 0o755);
  });

  const from = (sources: string, peer: string): string =>
    `ssh_from=${sources} SSH_CONNECTION='${peer} 1 10.0.0.1 22'\n`;

  it('is limited to the addresses of the setting, and from everywhere again without it', async () => {
    expect(await runTask('ssh_sources', from('10.0.0.0/8,192.0.2.7', '10.1.2.3'))).toMatchObject({
      outcome: 'changed',
    });
    expect(await fake.content(limit)).toBe('Match Address *,!127.0.0.1,!::1,!10.0.0.0/8,!192.0.2.7\nDenyUsers *\n');
    expect(await fake.content('calls')).toContain('reload ssh.service');
    expect(await runTask('ssh_sources', from('10.0.0.0/8,192.0.2.7', '192.0.2.7'))).toMatchObject({
      outcome: 'unchanged',
    });
    expect(await runTask('ssh_sources', from('', '10.1.2.3'))).toMatchObject({ outcome: 'changed' });
    expect(await fake.content(limit)).toBeUndefined();
  });

  it('is refused when it would shut out the management node that asks for it', async () => {
    expect(await runTask('ssh_sources', from('192.0.2.0/24', '10.1.2.3'))).toMatchObject({
      outcome: 'failed',
      detail: 'it would shut out 10.1.2.3, from where this is done',
    });
    expect(await fake.content(limit)).toBeUndefined();
  });
});

describe('what an image inherits', () => {
  it("loses VCL's rules of the firewall, and keeps its own", async () => {
    const own = '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n';
    const vcl = ':vcl-post_load - [0:0]\n-A INPUT --jump vcl-post_load\n-A vcl-post_load -s 10.0.0.1 -j ACCEPT\n';
    await fake.file('etc/iptables/rules.v4', own.replace('COMMIT', `${vcl}COMMIT`));
    await fake.file('etc/sysconfig/iptables_pre_x', 'x');

    expect(await runTask('firewall')).toMatchObject({ outcome: 'changed' });
    expect(await fake.content('etc/iptables/rules.v4')).toBe(own);
    expect(await fake.content('etc/sysconfig/iptables_pre_x')).toBeUndefined();
    expect(await runTask('firewall')).toMatchObject({ outcome: 'unchanged' });
  });

  it('loses marked lines of rc.local, and an rc.local that is all of VCL', async () => {
    await fake.file('etc/rc.local', '#!/bin/sh\nown\nmount x # Added by VCL (2020)\n', 0o700);
    await fake.file('etc/rc.d/rc.local', '#!/bin/sh\nIP0=1\necho "ListenAddress $IP0" >>x\n', 0o755);

    expect(await runTask('rc_local')).toMatchObject({ outcome: 'changed' });
    expect(await fake.content('etc/rc.local')).toBe('#!/bin/sh\nown\n');
    expect(await fake.mode('etc/rc.local')).toBe(0o700);
    expect(await fake.content('etc/rc.d/rc.local')).toBe('#!/bin/sh\nexit 0\n');
    expect(await runTask('rc_local')).toMatchObject({ outcome: 'unchanged' });
  });

  it('asks no questions on the console at its first start', async () => {
    const link = 'etc/systemd/system/multi-user.target.wants/initial-setup.service';
    await fake.file(link, 'x');
    await fake.file('etc/systemd/system/multi-user.target.wants/ssh.service', 'x');

    expect(await runTask('setup_wizards')).toMatchObject({ outcome: 'changed' });
    expect(await fake.content(link)).toBeUndefined();
    expect(await fake.content('etc/systemd/system/multi-user.target.wants/ssh.service')).toBe('x');
  });

  it('has no host name until it is loaded', async () => {
    await fake.file('etc/hostname', 'old\n');
    await fake.file('etc/hosts', '127.0.0.1 localhost\n127.0.1.1 old\n');

    expect(await runTask('host_name')).toMatchObject({ outcome: 'changed' });
    expect(await fake.content('etc/hostname')).toBe('');
    expect(await fake.content('etc/hosts')).toBe('127.0.0.1 localhost\n');
    expect(await runTask('host_name')).toMatchObject({ outcome: 'unchanged' });
  });
});
