import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fingerprint, hostKeyAlgorithms, isKnownHostKey } from '../../../src/remote/host-keys.ts';

const directory = mkdtempSync(join(tmpdir(), 'imprint-keys-'));
const keyFile = join(directory, 'key');
execFileSync('ssh-keygen', ['-q', '-N', '', '-C', 'root@somewhere', '-t', 'ed25519', '-f', keyFile]);
const line = readFileSync(`${keyFile}.pub`, 'utf8');
const blob = Buffer.from(line.split(' ')[1] ?? '', 'base64');

afterAll(() => {
  rmSync(directory, { recursive: true });
});

describe('host keys', () => {
  it('have the fingerprint that ssh-keygen prints', () => {
    const printed = execFileSync('ssh-keygen', ['-l', '-f', `${keyFile}.pub`]).toString();

    expect(printed.split(' ')[1]).toBe(fingerprint(blob));
  });

  it('are known with and without a comment', () => {
    expect(isKnownHostKey([line], blob)).toBe(true);
    expect(isKnownHostKey([line.split(' ').slice(0, 2).join(' ')], blob)).toBe(true);
  });

  it('are not known when a single bit differs, or when no key is known', () => {
    const other = Buffer.from(blob);
    other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;

    expect(isKnownHostKey([line], other)).toBe(false);
    expect(isKnownHostKey([], blob)).toBe(false);
    expect(isKnownHostKey([''], blob)).toBe(false);
  });

  it('are not known when nothing is shown', () => {
    expect(isKnownHostKey(['ssh-ed25519'], Buffer.alloc(0))).toBe(false);
  });

  it('decide which algorithms are offered first', () => {
    expect(hostKeyAlgorithms(['ecdsa-sha2-nistp256 AAAA'])[0]).toBe('ecdsa-sha2-nistp256');
    expect(hostKeyAlgorithms(['ssh-rsa AAAA']).slice(0, 2)).toEqual(['rsa-sha2-512', 'rsa-sha2-256']);
    expect(hostKeyAlgorithms([])[0]).toBe('ssh-ed25519');
  });
});
