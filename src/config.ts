import { z } from 'zod';
import { InvalidInputError } from './domain/errors.ts';

const port = z.coerce.number().int().min(1).max(65_535);

/** Every setting of a management node's worker, of the client and of the command line, with default, bounds and help. */
const settings = {
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).describe('PostgreSQL of the catalog'),
  IMPRINT_MANAGEMENT_NODE: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'expected a name of letters, digits, dots, underscores and hyphens')
    .optional()
    .describe('name of this management node; needed by a worker'),
  IMPRINT_ADDRESS: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('address under which other hosts reach this management node'),
  IMPRINT_LIBRARY: z
    .string()
    .startsWith('/', 'expected an absolute path')
    .optional()
    .describe('directory of the image library; needed by a worker'),
  IMPRINT_SECRETS: z
    .string()
    .startsWith('/', 'expected an absolute path')
    .optional()
    .describe('directory of secrets, one file each, mode 0600'),
  IMPRINT_NODE_KEY: z
    .string()
    .default('node-ssh-key')
    .describe('name of the secret with the private key that opens root on the nodes'),
  IMPRINT_ROOT_PASSWORD: z
    .string()
    .default('root-password-hash')
    .describe(
      'name of the secret with the crypt(3) hash of the standard root password; without it the password is locked',
    ),
  IMPRINT_AUTHORIZED_KEYS: z
    .string()
    .default('authorized-keys')
    .describe('name of the secret with the lines of authorized_keys for root'),
  IMPRINT_LIBRARY_KEY: z
    .string()
    .default('library-ssh-key')
    .describe('name of the secret with the private key that fetches copies of images from other management nodes'),
  IMPRINT_SITE: z
    .string()
    .startsWith('/', 'expected an absolute path')
    .optional()
    .describe("directory of the site's scripts, files and drivers for the nodes"),
  IMPRINT_SITE_SCRIPT_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3_600)
    .default(300)
    .describe('how long each script of the site may take on a node'),
  IMPRINT_SSH_FROM: z
    .string()
    .regex(/^[0-9A-Fa-f.:/]+(,[0-9A-Fa-f.:/]+)*$/, 'expected addresses or networks (10.0.0.0/8) with commas between')
    .optional()
    .describe('addresses and networks from which a loaded node accepts SSH; not set: from everywhere'),
  IMPRINT_ID_RANGE: z.coerce
    .number()
    .int()
    .min(1)
    .default(1_000_000)
    .describe('first id that the catalog gives out; keeps clear of the ids of an Apache VCL beside it'),
  IMPRINT_SHORT_SLOTS: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe('pieces of short work that a worker does at once'),
  IMPRINT_LONG_SLOTS: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(4)
    .describe('copies and checksums that a worker follows at once'),
  IMPRINT_STALL_MINUTES: z.coerce
    .number()
    .positive()
    .max(10_080)
    .default(10)
    .describe(
      'minutes without progress after which a copy or a checksum counts as stalled: its run is held; the job goes on',
    ),
  IMPRINT_HOLD_DAYS: z.coerce
    .number()
    .positive()
    .max(365)
    .default(7)
    .describe('days after which a run that nobody has answered is parked; the alarm is repeated as often'),
  IMPRINT_MOVE_MINUTES: z.coerce
    .number()
    .positive()
    .max(10_080)
    .optional()
    .describe(
      'minutes after which a run that has not touched its node yet leaves a management node that is away, for this one; without it never by itself',
    ),
  IMPRINT_WEBHOOK_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('address to which is posted that a run is held, parked, answered or over; it may hold a token'),
  IMPRINT_ARCHIVE_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe('days for which the full histories of ended runs are kept in the catalog; without it for ever'),
  IMPRINT_NAMESPACE_ID: z
    .string()
    .optional()
    .describe(
      'id of the Temporal namespace that takes the place of one that is gone for good; needed once, at its first start',
    ),
  IMPRINT_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('least severe log line that is written'),
  IMPRINT_TEMPORAL_UI: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("address of Temporal's UI; the command line then prints the page of each run"),
  IMPRINT_IMAGING_ADDRESS: z
    .string()
    .min(1)
    .optional()
    .describe(
      'address under which machines that boot over the network reach this management node, on a segment of their own; not set: none are served',
    ),
  IMPRINT_IMAGING_LISTEN: z
    .string()
    .min(1)
    .optional()
    .describe('address on which they are served; not set: the one under which they reach it'),
  IMPRINT_IMAGING_SEGMENT: z
    .enum(['direct', 'routed'])
    .default('direct')
    .describe(
      'direct: a machine gets its work only when its network card is in the neighbour table of the management node; routed: a router lies between, and this is not looked at',
    ),
  IMPRINT_IMAGING_KERNEL_PARAMETERS: z
    .string()
    .regex(
      /^[\w.,:=/+@-]+( [\w.,:=/+@-]+)*$/,
      'expected words of letters, digits and _ . , : = / + @ -, with one space between',
    )
    .refine(
      (words) => !/(^| )imprint\./.test(words),
      'parameters that begin with imprint. are those of the environment',
    )
    .optional()
    .describe(
      'what the kernel of the imaging environment is told besides, for hardware that needs it, as in "nomodeset console=ttyS1,115200"',
    ),
  IMPRINT_IMAGING_HTTP_PORT: port.default(8480).describe('port for boot scripts, kernel and initramfs, over HTTP'),
  IMPRINT_IMAGING_HTTPS_PORT: port.default(8443).describe('port for everything else that machines ask, over TLS'),
  IMPRINT_SIMULATED_WORLD: z
    .string()
    .startsWith('/', 'expected an absolute path')
    .optional()
    .describe('directory of the simulated world, for demonstrations and tests'),
} as const;

const schema = z.object(settings);

/** The settings as the environment gives them. `secrets` holds what begins with IMPRINT_SECRET_. */
export type Config = z.infer<typeof schema> & { readonly secrets: Readonly<Record<string, string>> };

/** Reads the settings; the only reader of the environment. Throws one InvalidInputError that lists every problem. */
export function loadConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const parsed = schema.safeParse(env);
  if (!parsed.success) throw new InvalidInputError(listProblems(parsed.error, env));
  const secrets = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[0].startsWith('IMPRINT_SECRET_') && entry[1] !== undefined,
  );
  return { ...parsed.data, secrets: Object.fromEntries(secrets) };
}

/** What a worker needs beyond what a client does. */
export type WorkerConfig = Config & { readonly IMPRINT_MANAGEMENT_NODE: string; readonly IMPRINT_LIBRARY: string };

/** Reads a worker's settings; throws one InvalidInputError that lists every problem, also the missing ones. */
export function loadWorkerConfig(env: Readonly<Record<string, string | undefined>> = process.env): WorkerConfig {
  const needed = schema.required({ IMPRINT_MANAGEMENT_NODE: true, IMPRINT_LIBRARY: true }).safeParse(env);
  if (!needed.success) throw new InvalidInputError(listProblems(needed.error, env));
  return { ...loadConfig(env), ...needed.data };
}

/** One line a setting, for `imprint worker --help`. */
export function describeSettings(): readonly { name: string; help: string }[] {
  return Object.entries(settings).map(([name, setting]) => ({ name, help: setting.description ?? '' }));
}

/** A database address holds a password, that of a webhook a token. */
function isSecret(name: string): boolean {
  return name === 'DATABASE_URL' || name === 'IMPRINT_WEBHOOK_URL';
}

function listProblems(error: z.ZodError, env: Readonly<Record<string, string | undefined>>): string {
  const lines = error.issues.map((issue) => {
    const name = String(issue.path[0]);
    const value = env[name];
    if (value === undefined)
      return `  ${name}: it is not set (${settings[name as keyof typeof settings].description ?? ''})`;
    const got = isSecret(name) ? 'got something else' : `got ${JSON.stringify(value)}`;
    return `  ${name}: ${issue.message}; ${got}`;
  });
  return `the configuration has ${String(lines.length)} problem${lines.length === 1 ? '' : 's'}:\n${lines.join('\n')}`;
}
