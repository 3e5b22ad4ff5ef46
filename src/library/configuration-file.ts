/** A configuration is held in memory and sent through a shell; the largest of a router with a full set of filters has some MiB. */
const LARGEST_CONFIGURATION_BYTES = 16 * 1024 * 1024;

/** What forbids a file as the configuration of an image, in a clause; undefined when nothing does. */
export function configurationFault(bytes: Uint8Array, expectedBytes: number): string | undefined {
  if (bytes.byteLength !== expectedBytes) {
    return `it has ${String(bytes.byteLength)} bytes, ${String(expectedBytes)} are expected`;
  }
  if (bytes.byteLength > LARGEST_CONFIGURATION_BYTES) return `it has more than 16 MiB`;
  if (bytes.includes(0)) return 'it is no text: it holds a byte 0';
  const text = textOf(bytes);
  if (text === undefined) return 'it is no text: its bytes are no UTF-8';
  return text.trim() === '' ? 'it is empty' : undefined;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
