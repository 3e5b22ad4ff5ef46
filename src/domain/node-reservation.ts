import { InvalidInputError } from './errors.ts';
import { parseText, type NodeInput } from './inputs.ts';
import { parseName } from './names.ts';

/** A node that was handed to a user, who reaches it over SSH from one address or network. */
export interface NodeReservation {
  /** The run that has handed it over. */
  readonly run: string;
  /** An account of the node. */
  readonly user: string;
  /** An IP address or a network: `192.0.2.9`, `2001:db8::/64`. */
  readonly from: string;
  /** Who asked for it. */
  readonly by: string;
  /** ISO 8601, UTC: when the node is taken back by itself; absent: only when somebody asks for it. */
  readonly until?: string;
}

/** Starts reserveNode. */
export interface ReserveNodeInput extends NodeInput, Omit<NodeReservation, 'run'> {}

/** Starts reclaimNode. */
export interface ReclaimNodeInput extends NodeInput {
  /** Who takes it back. */
  readonly by: string;
  /** Only the reservation of this run is taken back; absent: whatever reservation there is. */
  readonly reservedBy?: string;
  /** ISO 8601, UTC: the run waits until then before it begins. */
  readonly at?: string;
  /** Why the machine is gone for good: nothing is done at it. Absent: its user is let out there. */
  readonly machineIsGone?: string;
}

/** The word of an operator that a machine is gone for good. */
export interface MachineGone {
  readonly by: string;
  readonly reason: string;
}

/** Checks the input of a reservation; throws InvalidInputError that names the field. */
export function parseReserveNodeInput(input: Partial<ReserveNodeInput>): ReserveNodeInput {
  return {
    node: parseName('node', input.node),
    user: parseUser(input.user),
    from: parseSource(input.from),
    by: parseText('by', input.by ?? 'unknown'),
    ...(input.until === undefined ? {} : { until: parseTime('until', input.until) }),
  };
}

/** Checks the input of a reclaim; throws InvalidInputError that names the field. */
export function parseReclaimNodeInput(input: Partial<ReclaimNodeInput>): ReclaimNodeInput {
  return {
    node: parseName('node', input.node),
    by: parseText('by', input.by ?? 'unknown'),
    ...(input.reservedBy === undefined ? {} : { reservedBy: parseText('reservedBy', input.reservedBy) }),
    ...(input.at === undefined ? {} : { at: parseTime('at', input.at) }),
    ...(input.machineIsGone === undefined ? {} : { machineIsGone: parseWhyGone(input.machineIsGone) }),
  };
}

/** `lab-07 is reserved for jane from 192.0.2.9 until 2027-01-01T12:00:00.000Z` */
export function describeReservation(node: string, { user, from, until }: NodeReservation): string {
  return `${node} is reserved for ${user} from ${from}${until === undefined ? '' : ` until ${until}`}`;
}

/** Without a reason nobody could later say who was let down, and by what. */
function parseWhyGone(value: unknown): string {
  const why = parseText('machineIsGone', value).trim();
  if (why !== '') return why;
  throw new InvalidInputError('machineIsGone: say why the machine is gone for good');
}

/** Root is the management node's own account. */
function parseUser(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_.@-]{0,63}$/.test(value) && value !== 'root') return value;
  throw new InvalidInputError(`user: expected the name of an account, not root; got ${JSON.stringify(value)}`);
}

/** A whole Internet is no place from where somebody comes. */
function parseSource(value: unknown): string {
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  const [, address = '', bits] = /^([0-9a-f.:]+)(?:\/([1-9]\d{0,2}))?$/.exec(text) ?? [];
  const longest = lengthOfAddress(address);
  if (longest !== undefined && (bits === undefined || Number(bits) <= longest)) return text;
  throw new InvalidInputError(
    `from: expected an IP address or a network such as 192.0.2.0/24; got ${JSON.stringify(value)}`,
  );
}

/** Bits of an address of this kind; undefined for what is none. An address of IPv6 is one where a URL can have it as its host. */
function lengthOfAddress(address: string): 32 | 128 | undefined {
  const octets = address.split('.');
  if (octets.length === 4 && octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255))
    return 32;
  return address.includes(':') && URL.canParse(`http://[${address}]/`) ? 128 : undefined;
}

function parseTime(what: string, value: unknown): string {
  const time = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : NaN;
  if (Number.isFinite(time)) return new Date(time).toISOString();
  throw new InvalidInputError(`${what}: expected a time such as 2027-01-31T18:00:00Z; got ${JSON.stringify(value)}`);
}
