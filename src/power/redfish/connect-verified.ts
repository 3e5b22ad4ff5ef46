import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { UnauthorizedError } from '../../domain/errors.ts';

/** By what the controller's certificate is verified; without either by the authorities that Node trusts. */
export interface Trust {
  readonly ca?: string;
  readonly certificateFingerprint?: string;
}

/**
 * Opens TLS to a controller. A pinned certificate is compared, its names and dates are not: controllers sign their own. Otherwise it must be signed by
 * `ca`, or by an authority that Node trusts, and be for that address. UnauthorizedError before anything was sent.
 */
export async function connectVerified(url: URL, trust: Trust, signal: AbortSignal): Promise<TLSSocket> {
  const { ca, certificateFingerprint: pinned } = trust;
  const host = hostOf(url);
  const socket = connect({
    host,
    port: Number(url.port === '' ? 443 : url.port),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    // With a pin the comparison below is the verification: it is stricter.
    rejectUnauthorized: pinned === undefined,
  });
  try {
    await opened(socket, signal);
    if (pinned !== undefined) compare(socket, pinned, url);
    return socket;
  } catch (error) {
    socket.destroy();
    if (isCertificateError(error)) {
      throw new UnauthorizedError(`the certificate of ${url.origin} is not trusted: set ca or certificateFingerprint`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** Without the brackets that an IPv6 address has in a URL. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

async function opened(socket: TLSSocket, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', reject);
      resolve();
    });
    socket.once('error', reject);
  });
}

function compare(socket: TLSSocket, pinned: string, url: URL): void {
  const found = socket.getPeerCertificate().fingerprint256;
  if (found.toUpperCase() === pinned.toUpperCase()) return;
  throw new UnauthorizedError(`${url.origin} has another certificate than the one that its settings name`, {
    evidence: { expected: pinned, found },
  });
}

/** OpenSSL's reasons, and Node's for a name that is not in the certificate. */
const certificateErrors =
  /^(CERT_|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|ERR_TLS_CERT_ALTNAME_INVALID|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH)/;

function isCertificateError(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code !== undefined && certificateErrors.test(code);
}
