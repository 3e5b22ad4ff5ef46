import { errorChain } from '../domain/errors.ts';
import { environmentScript, firstScript, unknownScript } from './boot-script.ts';
import type { IsCardAt } from './neighbours.ts';
import { orderOfCard, type PlacedOrder } from './order-directory.ts';
import type { MachineRequest } from './requests.ts';
import { giveToken } from './sessions.ts';
import type { StateKeeper } from './state-keeper.ts';

/** The environment as it is served. */
export interface ServedEnvironment {
  readonly digest: string;
  readonly kernel: string;
  readonly initrd: string;
  /** What comes before the initrd: the authority that its machine trusts. */
  readonly carrier: Buffer;
}

export interface BootAddresses {
  readonly base: string;
  readonly api: string;
}

/** What plain HTTP has: a text, or a file with what comes before it. Undefined: there is no such thing. */
export type BootAnswer = { readonly text: string } | { readonly file: string; readonly before: Buffer };

export interface BootParts {
  readonly library: string;
  readonly keeper: StateKeeper;
  readonly addresses: BootAddresses;
  readonly kernelParameters: readonly string[];
  readonly isCardAt: IsCardAt;
  /** Built when a machine first needs it; rejects while that is impossible. */
  readonly environment: () => Promise<ServedEnvironment>;
}

/** Answers what the firmware asks. Nothing of an image goes this way. */
export async function answerBoot(parts: BootParts, request: MachineRequest): Promise<BootAnswer | undefined> {
  const { addresses } = parts;
  if (request.route === 'GET /boot.ipxe') return { text: firstScript(addresses.base) };
  const mac = /^GET \/boot\/((?:[0-9a-fA-F]{2}[-:]){5}[0-9a-fA-F]{2})$/.exec(request.route)?.[1];
  if (mac !== undefined)
    return { text: await scriptFor(parts, mac.replaceAll('-', ':').toLowerCase(), request.address) };
  const [, digest, file] = /^GET \/environment\/([0-9a-f]+)\/(kernel|initrd)$/.exec(request.route) ?? [];
  if (digest === undefined) return undefined;
  const environment = await parts.environment();
  if (digest !== environment.digest) return undefined;
  if (file === 'kernel') return { file: environment.kernel, before: Buffer.alloc(0) };
  return { file: environment.initrd, before: environment.carrier };
}

/** A machine whose order is open waits until there is an environment: an error makes its script ask again. */
async function scriptFor(parts: BootParts, mac: string, address: string): Promise<string> {
  const placed = await orderOfCard(parts.library, mac);
  if (placed === undefined) return unknownScript();
  const { digest } = await environmentFor(parts, placed);
  const token = await giveToken(parts.library, parts.keeper, { mac, address }, parts.isCardAt);
  if (token === undefined) return unknownScript();
  const { addresses, kernelParameters } = parts;
  const now = Math.floor(Date.now() / 1000);
  return environmentScript({ ...addresses, mac, token, environment: digest, kernelParameters, now });
}

/** The failure is in the order's words, for whoever waits for it; the machine does not count as heard of, so that the wait ends. */
async function environmentFor({ environment, keeper }: BootParts, placed: PlacedOrder): Promise<ServedEnvironment> {
  try {
    return await environment();
  } catch (error) {
    await keeper.say(placed, `the machine waits for its environment: ${errorChain(error)}`);
    throw error;
  }
}
