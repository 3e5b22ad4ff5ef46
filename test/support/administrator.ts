import type { Shell } from '../../src/remote/shell.ts';

/** Leaves on a guest what administrators leave: a user who is logged in, an open root shell, swap, temporary files, histories. */
export async function configureAsAdministrator(shell: Shell): Promise<void> {
  const options = { signal: AbortSignal.timeout(180_000), timeoutMs: 180_000 };
  await shell.run('sh', ['-c', SCRIPT], options);
}

const SCRIPT = `
set -e
echo kept >/srv/kept
useradd -m -s /bin/bash student
echo 'secret command' >/home/student/.bash_history
mkdir -p /home/left && echo orphan >/home/left/file && chown -R 1777:1777 /home/left
echo '* * * * * true' >/tmp/crontab && mkdir -p /var/spool/cron/crontabs && cp /tmp/crontab /var/spool/cron/crontabs/student
echo 'typed by root' >/root/.bash_history
touch /tmp/left /var/tmp/left
dd if=/dev/zero of=/swapfile bs=64k count=64 2>/dev/null && chmod 600 /swapfile && mkswap /swapfile >/dev/null && swapon /swapfile
echo '/swapfile none swap sw 0 0' >>/etc/fstab
echo 'nowhere:/home /mnt nfs noauto 0 0 # imprint:temporary' >>/etc/fstab
rm -f /etc/systemd/system/multi-user.target.wants/imprint-first-boot.service
systemctl restart systemd-random-seed.service
journalctl --flush
setsid su student -c 'sleep 100000' </dev/null >/dev/null 2>&1 &
setsid script -qfc 'bash -i' /dev/null </dev/null >/dev/null 2>&1 &
sync
`;
