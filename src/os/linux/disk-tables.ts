/** A line of /etc/passwd. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

export function accounts(passwd: string): readonly Account[] {
  return passwd.split('\n').flatMap((line) => {
    const [name = '', , uid = '', , , home = ''] = line.split(':');
    return /^\d+$/.test(uid) && name !== '' ? [{ name, uid: Number(uid), home }] : [];
  });
}

/** User ids that Debian and Red Hat give to people (login.defs): 1000 to 59999. */
export function isHuman({ uid }: Account): boolean {
  return uid >= 1_000 && uid < 60_000;
}

/** Paths of swap files in /etc/fstab; partitions are named by device, UUID or label. */
export function swapFiles(fstab: string): readonly string[] {
  return fstab.split('\n').flatMap((line) => {
    const [device = '', , type] = line.trim().split(/\s+/);
    return type === 'swap' && device.startsWith('/') && !device.startsWith('/dev/') ? [device] : [];
  });
}

/** Lines `name:uid:home` of the list that preCapture keeps of the accounts it removes. */
export function removals(text: string): readonly Account[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', uid = '', home = ''] = line.split(':');
    return /^\d+$/.test(uid) && home.startsWith('/') ? [{ name, uid: Number(uid), home }] : [];
  });
}
