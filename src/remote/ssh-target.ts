/** One account on one machine, and how to know that it is that machine. */
export interface SshTarget {
  /** Host name or IP address. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Resolved when a connection is opened. OpenSSH or PEM text without a passphrase. */
  readonly privateKey?: () => Promise<string>;
  readonly password?: () => Promise<string>;
  /** The machine's public host keys, one `ssh-ed25519 AAAA…` each. A machine that shows none of them is refused. */
  readonly hostKeys: readonly string[];
  /** For TCP, key exchange and login together. Default 15000. */
  readonly connectTimeoutMs?: number;
}

/** `root@10.0.0.7:22`; an IPv6 address stands in brackets. */
export function describeTarget({ user, address, port }: Pick<SshTarget, 'user' | 'address' | 'port'>): string {
  return `${user}@${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
}
