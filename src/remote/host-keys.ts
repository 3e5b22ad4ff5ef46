import { createHash } from 'node:crypto';
import type { ServerHostKeyAlgorithm } from 'ssh2';

/** Host key algorithms of ssh2 1.17, best first; `ssh-rsa` stands for RSA signed with SHA-1, for machines that know no other. */
const ALGORITHMS: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
];

/** Whether `shown`, the key blob that a machine showed, is one of the known `ssh-ed25519 AAAA…` lines. */
export function isKnownHostKey(known: readonly string[], shown: Buffer): boolean {
  return shown.length > 0 && known.some((line) => Buffer.from(fields(line).blob, 'base64').equals(shown));
}

/** `SHA256:…` as `ssh-keygen -l` prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/**
 * The algorithms to offer: those of the known keys first, so that a machine with several keys shows one that can be compared. The
 * others follow only so that a machine without any known key still shows one, whose fingerprint goes into the refusal.
 */
export function hostKeyAlgorithms(known: readonly string[]): ServerHostKeyAlgorithm[] {
  const types = new Set(known.map((line) => fields(line).type));
  const matches = (algorithm: string): boolean => types.has(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm);
  return [...ALGORITHMS.filter(matches), ...ALGORITHMS.filter((algorithm) => !matches(algorithm))];
}

function fields(line: string): { readonly type: string; readonly blob: string } {
  const [type = '', blob = ''] = line.trim().split(/\s+/);
  return { type, blob };
}
