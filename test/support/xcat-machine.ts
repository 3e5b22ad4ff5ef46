import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { XcatDouble } from '../../src/demo/xcat-double/index.ts';
import type { GuestImage } from '../../src/platform/guest-image.ts';
import { freePort } from './free-port.ts';
import { makeKey } from './sshd.ts';

/** Real QEMU machines behind nodes of the double, which share the host keys of their site, as xCAT's `remoteshell` gives them to every node. */
export interface XcatMachines {
  /** `ssh-ed25519 AAAA…`, of every node. */
  readonly hostKey: string;
  /** Puts a machine behind a node that is there; its disk is that of the guest, or none yet. Off. Returns the port that leads to its SSH. */
  add(node: string, disk: 'guest' | 'empty'): Promise<number>;
  /** Cuts the power of all of them. */
  stop(): Promise<void>;
}

export async function createXcatMachines(double: XcatDouble, guest: GuestImage): Promise<XcatMachines> {
  const site = double.state('site');
  await mkdir(site);
  const hostKey = await makeKey(join(site, 'ssh_host_ed25519_key'), 'ed25519');
  const drivers: string[] = [];
  return {
    hostKey,
    add: async (node, disk) => {
      const port = await freePort();
      const driver = double.state(`nodes/${node}/driver`);
      await writeFile(driver, driverScript(dirname(driver), { port, site }));
      await chmod(driver, 0o755);
      await double.set(node, 'power', 'off');
      drivers.push(driver);
      if (disk === 'guest') await execa(driver, ['deploy'], { inputFile: guest.disk });
      return port;
    },
    stop: async () => {
      for (const driver of drivers) await execa(driver, ['stop']);
    },
  };
}

/** What client.sh and machine.sh call a driver. */
function driverScript(home: string, { port, site }: { readonly port: number; readonly site: string }): string {
  return `#!/bin/bash
set -eu
cd '${home}'
alive() { [ -s qemu.pid ] && case $(readlink "/proc/$(cat qemu.pid)/exe") in */qemu-system-*) ;; *) false ;; esac; }
case $1 in
  start)
    rm -f monitor.in monitor.out && mkfifo monitor.in monitor.out
    setsid qemu-system-x86_64 -accel tcg -cpu max -m 512 -display none -nodefaults -vga none -daemonize -pidfile qemu.pid \\
      -drive file=disk.raw,if=virtio,format=raw,cache=unsafe \\
      -netdev user,id=net,hostfwd=tcp:127.0.0.1:${String(port)}-:22 -device virtio-net-pci,netdev=net,romfile= \\
      -serial file:console -monitor pipe:monitor </dev/null >qemu.log 2>&1 ;;
  stop)
    if alive; then kill -9 "$(cat qemu.pid)"; while alive; do sleep 0.05; done; fi
    rm -f qemu.pid ;;
  press) ! alive || timeout 5 bash -c 'echo system_powerdown >monitor.in' ;;
  alive) alive ;;
  answers) timeout 3 bash -c 'exec 3<>/dev/tcp/127.0.0.1/${String(port)} && read -r line <&3 && [[ $line == SSH-* ]]' 2>/dev/null ;;
  image)
    # The site's environment writes what it likes, as long as its load reads it.
    qemu-img convert -f raw -O qcow2 disk.raw imaged.qcow2
    cat imaged.qcow2
    rm -f imaged.qcow2 ;;
  deploy)
    cat >deployed.qcow2
    qemu-img convert -f qcow2 -O raw deployed.qcow2 disk.raw
    rm -f deployed.qcow2
    # Its writes go into the directory that it is in.
    printf '%s\\n' 'cd /etc/ssh' 'write ${site}/ssh_host_ed25519_key ssh_host_ed25519_key' 'write ${site}/ssh_host_ed25519_key.pub ssh_host_ed25519_key.pub' |
      debugfs -w -f - 'disk.raw?offset=1048576' >/dev/null 2>&1
    debugfs -R 'cat /etc/ssh/ssh_host_ed25519_key' 'disk.raw?offset=1048576' 2>/dev/null | cmp - '${site}/ssh_host_ed25519_key' ;;
esac
`;
}
