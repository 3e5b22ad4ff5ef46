import { mkdir, readFile } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { posix } from 'node:path';
import { execa } from 'execa';
import { CommandFailedError } from '../domain/errors.ts';
import { readIfThere, replaceFile } from './durable-file.ts';

/** Keys and certificates with which the server proves itself to the environment, in PEM. */
export interface ServerIdentity {
  /** Of the authority; the environment trusts nothing else. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** The server's certificate is made anew when less than this is left of it. */
const RENEW_BEFORE_MS = 30 * 24 * 3_600_000;
const AUTHORITY_DAYS = 3_650;
const SERVER_DAYS = 397;

/** Reads the authority and the server's certificate for `host`, an address or a name; makes what is missing, runs out or is for another host. */
export async function serverIdentity(directory: string, host: string): Promise<ServerIdentity> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = (name: string): string => posix.join(directory, name);
  if ((await readIfThere(path('authority.crt'))) === undefined) await makeAuthority(path);
  const certificate = await readIfThere(path('server.crt'));
  if (certificate === undefined || !isGoodFor(certificate, host)) await makeServer(path, host);
  const [authority, ownCertificate, key] = await Promise.all(
    ['authority.crt', 'server.crt', 'server.key'].map(async (name) => await readFile(path(name), 'utf8')),
  );
  return { authority: authority ?? '', certificate: ownCertificate ?? '', key: key ?? '' };
}

type PathOf = (name: string) => string;

async function makeAuthority(path: PathOf): Promise<void> {
  const key = await openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']);
  await replaceFile(path('authority.key'), key);
  const subject = ['-subj', '/CN=Imprint imaging authority', '-days', String(AUTHORITY_DAYS)];
  const extensions = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'];
  const certificate = await openssl(['req', '-x509', '-new', '-key', path('authority.key'), ...subject, ...extensions]);
  await replaceFile(path('authority.crt'), certificate);
}

async function makeServer(path: PathOf, host: string): Promise<void> {
  const key = await openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']);
  await replaceFile(path('server.key'), key);
  const signed = ['-CA', path('authority.crt'), '-CAkey', path('authority.key'), '-days', String(SERVER_DAYS)];
  const name = ['-subj', '/CN=Imprint imaging', '-addext', `subjectAltName=${isAddress(host) ? 'IP' : 'DNS'}:${host}`];
  const use = ['-addext', 'basicConstraints=CA:FALSE', '-addext', 'extendedKeyUsage=serverAuth'];
  const certificate = await openssl(['req', '-x509', '-new', '-key', path('server.key'), ...signed, ...name, ...use]);
  await replaceFile(path('server.crt'), certificate);
}

function isGoodFor(certificate: string, host: string): boolean {
  const parsed = new X509Certificate(certificate);
  const isFor = isAddress(host) ? parsed.checkIP(host) : parsed.checkHost(host);
  return isFor !== undefined && new Date(parsed.validTo).getTime() - Date.now() > RENEW_BEFORE_MS;
}

function isAddress(host: string): boolean {
  return /^[0-9.]+$/.test(host) || host.includes(':');
}

async function openssl(args: readonly string[]): Promise<string> {
  try {
    return (await execa('openssl', args)).stdout;
  } catch (cause) {
    throw new CommandFailedError(`make the certificates of the imaging server: openssl ${args[0] ?? ''} failed`, {
      cause,
    });
  }
}
