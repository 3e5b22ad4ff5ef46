/** What the server says to a machine whose firmware or network boot program asks for a script. Pure texts for iPXE. */

/**
 * The script that a site's DHCP or TFTP points to: it asks for the one of this machine, for as long as it takes. A machine that boots over the network
 * waits for its management node; it never goes on to its disk because the node was away.
 */
export function firstScript(base: string): string {
  return lines(
    ':ask',
    `chain --replace --autofree ${base}/boot/\${netX/mac:hexhyp} || goto wait`,
    ':wait',
    'echo Imprint: the management node does not answer, asking again',
    'sleep 5',
    'goto ask',
  );
}

/** `http://10.0.0.1:8480`; an IPv6 address gets its brackets. */
export function baseAddress(host: string, port: number, protocol: 'http' | 'https' = 'http'): string {
  return `${protocol}://${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}

/** For a machine that no open order names: iPXE ends, and the firmware boots what comes next, its disk. */
export function unknownScript(): string {
  return lines('exit');
}

export interface BootOffer {
  /** `http://10.0.0.1:8480`. */
  readonly base: string;
  /** `https://10.0.0.1:8443`. */
  readonly api: string;
  /** `52:54:00:12:34:56`. */
  readonly mac: string;
  readonly token: string;
  /** Digest of the environment, part of its addresses: kernel and initrd of two versions never meet. */
  readonly environment: string;
  /** Of the site: they come last, so that its console is the one that the environment writes to. */
  readonly kernelParameters: readonly string[];
  /** Seconds since 1970: a machine with a wrong clock could not verify a certificate. */
  readonly now: number;
}

/** For a machine that an open order names. Whatever cannot be fetched is asked for again by a new script, with a new token. */
export function environmentScript(offer: BootOffer): string {
  const files = `${offer.base}/environment/${offer.environment}`;
  const parameters = [
    ...[`imprint.api=${offer.api}`, `imprint.mac=${offer.mac}`, 'imprint.address=${netX/ip}'],
    ...[`imprint.token=${offer.token}`, `imprint.time=${String(offer.now)}`],
    ...['quiet', 'console=tty0', 'console=ttyS0,115200'],
    ...offer.kernelParameters,
  ];
  return lines(
    // EFI finds the initrd by the name that the command line gives.
    `kernel ${files}/kernel initrd=initrd ${parameters.join(' ')} || goto wait`,
    `initrd --name initrd ${files}/initrd || goto wait`,
    'boot || goto wait',
    ':wait',
    'imgfree',
    'echo Imprint: the imaging environment could not be fetched, asking again',
    'sleep 5',
    `chain --replace --autofree ${offer.base}/boot/\${netX/mac:hexhyp} || goto wait`,
  );
}

function lines(...script: readonly string[]): string {
  return `#!ipxe\n${script.join('\n')}\n`;
}
