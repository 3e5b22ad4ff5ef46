import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CallContext } from '../../src/domain/call-context.ts';
import type { Computer } from '../../src/domain/computer.ts';
import { CommandFailedError, IntegrityError, OutcomeUnknownError, UnauthorizedError } from '../../src/domain/errors.ts';
import type { Revision, SealCheck } from '../../src/domain/image.ts';
import { openDiskFiles } from '../../src/library/disk-files.ts';
import { createLinux } from '../../src/os/linux/index.ts';
import { preCaptureTasks } from '../../src/os/linux/pre-capture.ts';
import { createSiteDirectory } from '../../src/os/site-directory.ts';
import type { StandardAccess, TaskOutcome } from '../../src/os/operating-system.ts';
import type { GuestImage } from '../../src/platform/guest-image.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import type { Shell } from '../../src/remote/shell.ts';
import { configureAsAdministrator } from '../support/administrator.ts';
import { cutAfterSiteScript, cutInTask } from '../support/cut-in-task.ts';
import { bootGuest, guestImage, resumeGuest, type Guest } from '../support/guest.ts';
import { skipWithout, whyUnavailable, type TestNeed } from '../support/unavailable.ts';

const needs: readonly TestNeed[] = ['vm', 'sealCheck'];

const os = createLinux();
const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const computer: Computer = {
  ...{ id: 3, name: 'lab-03', managementNode: 'mn', provisioningSystem: 'libvirt', address: '127.0.0.1', sshPort: 22 },
  ...{ macAddresses: [], memoryMiB: 512, cpus: 1, settings: {}, state: 'capturing' },
};
const revision: Revision = {
  ...{ id: 1_000_001, imageId: 7, image: 'web', revision: 1, operatingSystem: 'debian12', state: 'capturing' },
  ...{ comment: '', author: 'ann', created: '2026-01-02T03:04:05.000Z' },
};
const expected = { revisionName: 'web-v1', revisionId: revision.id, removedUsers: [] };

let image: GuestImage;
let access: StandardAccess;
let scratch = '';
const guests: Guest[] = [];

beforeAll(async () => {
  if (needs.some((need) => whyUnavailable(need) !== undefined)) return;
  image = await guestImage();
  access = { authorizedKeys: [await readFile(image.publicKey, 'utf8')] };
  const directory = join(dirname(dirname(image.disk)), 'runs');
  await mkdir(directory, { recursive: true });
  scratch = await mkdtemp(join(directory, 'linux-'));
});
beforeEach((context) => {
  skipWithout(context, ...needs);
});
afterEach(async () => {
  await Promise.all(guests.splice(0).map(async (guest) => await guest.remove()));
});
afterAll(async () => {
  if (scratch !== '') await rm(scratch, { recursive: true, force: true });
});

function kept(guest: Guest): Guest {
  guests.push(guest);
  return guest;
}

async function output(shell: Shell, script: string): Promise<string> {
  const { stdout } = await shell.run('sh', ['-c', script], { signal: context.signal, timeoutMs: 120_000 });
  return stdout.trim();
}

async function checksOf(disk: string): Promise<Readonly<Record<string, SealCheck['outcome']>>> {
  // The checks look at one file, as a library holds it; a guest writes into an overlay.
  const flat = join(scratch, 'flat.qcow2');
  await execa('qemu-img', ['convert', '-f', 'qcow2', '-O', 'qcow2', disk, flat]);
  const place = { name: 'test', root: scratch, shell: createLocalShell() };
  const files = await openDiskFiles(place, { file: flat, format: 'qcow2', scratch }, context);
  try {
    const checks = await os.sealChecks(files, expected);
    return Object.fromEntries(checks.map(({ check, outcome }) => [check, outcome]));
  } finally {
    await files.close();
  }
}

function outcomes(tasks: readonly TaskOutcome[]): Readonly<Record<string, TaskOutcome['outcome']>> {
  return Object.fromEntries(tasks.map(({ task, outcome }) => [task, outcome]));
}

describe('the OS module linux on a real guest', () => {
  it('prepares, seals and checks a configured system, which then starts as a new one on other hardware', async ({
    annotate,
  }) => {
    const guest = kept(await resumeGuest(image));
    const shell = guest.shell();
    const before = await output(shell, 'cat /etc/machine-id');
    await configureAsAdministrator(shell);

    // Control: every check sees what it is there for, on the disk as the administrator left it.
    const unsealed = join(scratch, 'unsealed.qcow2');
    await guest.copyDisk(unsealed);
    expect(new Set(Object.values(await checksOf(unsealed)))).toEqual(new Set(['failed']));

    // Cut in the middle: the connection breaks while users are being removed.
    const doomed = guest.shell();
    const cut = os.preCapture(doomed, { computer, revision, access }, context);
    const lost = expect(cut).rejects.toThrow(OutcomeUnknownError);
    const isUnderWay = async (): Promise<boolean> =>
      (await output(shell, 'ls /var/lib/imprint 2>/dev/null || :')) !== '';
    await vi.waitUntil(isUnderWay, { timeout: 60_000, interval: 20 });
    await doomed.close();
    await lost;

    const first = await os.preCapture(shell, { computer, revision, access }, context);
    const second = await os.preCapture(shell, { computer, revision, access }, context);
    expect(outcomes(first)).toMatchObject({
      'current-image': 'changed',
      'first-boot': 'changed',
      initramfs: 'unchanged',
    });
    expect(second.filter(({ outcome }) => outcome === 'changed' || outcome === 'failed')).toEqual([]);
    expect(
      await output(shell, 'getent passwd student; ls /home /tmp /swapfile 2>/dev/null; cat /proc/swaps | wc -l'),
    ).toBe('/home:\n\n/tmp:\n1');

    const started = Date.now();
    await os.seal(shell, { endState: 'off', revision }, context);
    await shell.close();
    await guest.waitOff(300_000);
    await annotate(
      `preCapture ${String(sum(first))} ms, again ${String(sum(second))} ms; seal to off ${String(Date.now() - started)} ms`,
    );
    expect(new Set(Object.values(await checksOf(guest.disk)))).toEqual(new Set(['passed']));

    const booting = Date.now();
    const loaded = kept(await bootGuest({ image, disk: guest.disk, bus: 'sata', nic: 'e1000e' }));
    await annotate(`boot to SSH ${String(Date.now() - booting)} ms`);
    const fresh = loaded.shell();
    expect(loaded.hostKeys).not.toEqual(guest.hostKeys);
    expect(await output(fresh, 'cat /etc/machine-id')).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(await output(fresh, 'cat /etc/machine-id')).not.toBe(before);
    expect(await output(fresh, 'cat /srv/kept')).toBe('kept');

    const impostor = loaded.shell(guest.hostKeys);
    await expect(output(impostor, 'true')).rejects.toThrow(UnauthorizedError);
    await impostor.close();

    const other = { ...revision, revision: 2 };
    await expect(os.postLoad(fresh, { computer, revision: other, access }, context)).rejects.toThrow(IntegrityError);
    expect((await os.currentImage(fresh, context))?.postLoad).toBeUndefined();

    const loading = Date.now();
    const done = await os.postLoad(fresh, { computer, revision, access }, context);
    await annotate(`postLoad ${String(Date.now() - loading)} ms`);
    expect(outcomes(done)).toMatchObject({ hostname: 'changed', 'root-keys': 'unchanged', status: 'changed' });
    expect(await output(fresh, 'hostname; cat /etc/hostname')).toBe('lab-03\nlab-03');
    const again = await os.postLoad(fresh, { computer, revision, access }, context);
    expect(outcomes(again)).toMatchObject({ hostname: 'unchanged', status: 'changed' });

    await os.markTainted(fresh, 'user may have logged in', context);
    await os.markTainted(fresh, 'user may have logged in', context);
    const current = await os.currentImage(fresh, context);
    expect(current).toMatchObject({ name: 'web-v1', revisionId: revision.id });
    expect(current?.postLoad).toMatch(/^success \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\)$/);
    expect(current?.tainted).toMatch(/^user may have logged in \(/);

    await os.preReload(fresh, context);
    await os.shutdown(fresh, context);
    await fresh.close();
    await loaded.waitOff(300_000);
  });

  it('comes to the same system when preCapture was cut in any of its tasks as when it was not', async ({
    annotate,
  }) => {
    const site = createSiteDirectory(await makeSite(join(scratch, 'site')));
    const withSite = createLinux({ site, siteScriptSeconds: 60 });
    const prepare = async (shell: Shell) => await withSite.preCapture(shell, { computer, revision, access }, context);
    const [plain, cut] = [kept(await resumeGuest(image)), kept(await resumeGuest(image))];
    const [plainShell, shell] = [plain.shell(), cut.shell()];
    for (const one of [plainShell, shell]) await leaveTracesFor(one);
    // Control: the traces are there.
    expect(await stateOf(shell)).toContain('/root/.ssh/id_test');

    const uncut = await prepare(plainShell);
    const names = ['site-files', ...preCaptureTasks.map(([name]) => name), 'initramfs'];
    expect(uncut.map(({ task }) => task)).toEqual(expect.arrayContaining(names));
    const started = Date.now();
    for (const name of names) {
      const lost = { evidence: { killedBy: expect.stringMatching(/KILL/) as string } };
      await expect(prepare(cutInTask(shell, name)), name).rejects.toMatchObject(lost);
    }
    await expect(prepare(cutAfterSiteScript(shell))).rejects.toThrow(CommandFailedError);
    await annotate(`${String(names.length + 1)} cuts ${String(Date.now() - started)} ms`);
    await prepare(shell);
    expect(await stateOf(shell)).toBe(await stateOf(plainShell));
    const again = await prepare(shell);
    expect(again.filter(({ outcome }) => outcome === 'changed').map(({ task }) => task)).toEqual([
      'pre_capture.d/10-note',
    ]);

    await output(shell, 'mkdir -p /usr/local/vcl && ln -s /bin/true /usr/local/vcl/vcl_post_load');
    expect(outcomes(await withSite.postLoad(shell, { computer, revision, access }, context))).toMatchObject({
      ...{ interfaces: 'unchanged', hostname: 'changed', 'vcl-post-load': 'changed', 'post_load.d/10-note': 'changed' },
      status: 'changed',
    });
    expect(await output(shell, 'cat /srv/site-notes; stat -c %a /usr/local/bin/site-tool')).toBe(
      ['pre_capture lab-03 web web-v1', 'post_load lab-03 web web-v1', '750'].join('\n'),
    );
    const restricted = createLinux({ sshSources: ['192.0.2.0/24'] });
    await expect(restricted.postLoad(shell, { computer, revision, access }, context)).rejects.toThrow(
      /would shut out 10\.0\.2\.2/,
    );
    const admitted = createLinux({ sshSources: ['192.0.2.0/24', '10.0.2.2'] });
    expect(outcomes(await admitted.postLoad(shell, { computer, revision, access }, context))).toMatchObject({
      'ssh-sources': 'changed',
    });
    const newcomer = cut.shell();
    expect(await output(newcomer, 'sshd -T -C user=root,host=x,addr=192.0.3.1 | grep -i denyusers')).toBe(
      'denyusers *',
    );
    for (const one of [newcomer, shell, plainShell]) await one.close();
  });

  it('leaves the system on when asked to, and can seal it again', async () => {
    const guest = kept(await resumeGuest(image));
    const shell = guest.shell();
    await os.preCapture(shell, { computer, revision, access }, context);

    for (let round = 0; round < 2; round += 1) {
      await os.seal(shell, { endState: 'on', revision }, context);
      await vi.waitUntil(async () => (await output(shell, 'ls /etc/ssh | grep -c ssh_host_ || :')) === '0', {
        timeout: 120_000,
        interval: 500,
      });
      await output(shell, 'touch /etc/ssh/ssh_host_test_key');
    }

    expect(guest.powerState()).toBe('on');
    const newcomer = guest.shell();
    await expect(output(newcomer, 'true')).rejects.toThrow();
    await newcomer.close();
    await shell.close();
  });

  it('begins a reboot when asked to, from which the system comes with an identity of its own', async () => {
    const guest = kept(await resumeGuest(image));
    const shell = guest.shell();
    const before = guest.hostKeys;
    await os.preCapture(shell, { computer, revision, access }, context);
    await os.seal(shell, { endState: 'reboot', revision }, context);
    await shell.close();

    await vi.waitUntil(
      async () => {
        await guest.console();
        return guest.hostKeys[0] !== before[0];
      },
      { timeout: 480_000, interval: 500 },
    );
  });

  it.each([
    ['ide', 'e1000'],
    ['scsi', 'virtio-net-pci'],
  ] as const)('starts the base image on %s with %s', async (bus, nic) => {
    const guest = kept(await bootGuest({ image, bus, nic }));

    const shell = guest.shell();
    expect(await output(shell, 'stat -c %d / && cat /root/currentimage.txt')).toMatch(/^\d+$/);
    await shell.close();
  });
});

/** What each task of preCapture is there for; no card's own configuration, which a guest that is not started anew would not miss. */
async function leaveTracesFor(shell: Shell): Promise<void> {
  await configureAsAdministrator(shell);
  await output(
    shell,
    `set -e
touch /root/.ssh/id_test /root/known-v1.xml /var/crash-none
printf 'ListenAddress 10.0.2.15\\n' >>/etc/ssh/sshd_config
printf '#!/bin/sh\\ntrue # imprint:temporary\\nexit 0\\n' >/etc/rc.local
mkdir -p /etc/iptables /etc/imprint && printf ':vcl-post_load - [0:0]\\nCOMMIT\\n' >/etc/iptables/rules.v4
ln -s /dev/null /etc/systemd/system/multi-user.target.wants/initial-setup.service
printf '[Match]\\nName=ens9\\n[Network]\\nDHCP=yes\\n' >/etc/systemd/network/10-ens9.network
touch /etc/udev/rules.d/70-persistent-net.rules /var/log/old.gz
mkdir -p /var/lib/dhcp /tmp/kept && touch /var/lib/dhcp/a.leases /tmp/kept/file
echo /tmp/kept >/etc/imprint/exclude-list`,
  );
}

/** Every file but logs and what services keep for themselves, with owner, mode and, of the configuration, content. */
async function stateOf(shell: Shell): Promise<string> {
  return await output(
    shell,
    `cd / && find etc root home srv usr/local var tmp lib/systemd/system-shutdown -xdev \\
  \\( -path var/log -o -path var/lib/systemd -o -path var/cache -o -name 'systemd-private-*' -o -name '*-' \\) -prune -o -printf '/%p %y %m %U %l\\n' | sort
find /etc /root /srv /usr/local -xdev -type f ! -name '*-' -exec sha256sum {} + | sort -k 2
swapon --noheadings --show=NAME; find /var/log -name '*.gz'`,
  );
}

async function makeSite(root: string): Promise<string> {
  const files = [
    ['files/usr/local/bin/site-tool', '#!/bin/sh\n', 0o750],
    ['pre_capture.d/10-note', NOTE, 0o755],
    ['post_load.d/10-note', NOTE, 0o755],
  ] as const;
  for (const [path, content, mode] of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content, { mode });
  }
  return root;
}

/** May run again: one line for each stage. */
const NOTE = `#!/bin/sh
line="$1 $IMPRINT_NODE $IMPRINT_IMAGE $IMPRINT_REVISION"
grep -qxF "$line" /srv/site-notes 2>/dev/null || echo "$line" >>/srv/site-notes
`;

function sum(tasks: readonly TaskOutcome[]): number {
  return tasks.reduce((total, { durationMs }) => total + durationMs, 0);
}
