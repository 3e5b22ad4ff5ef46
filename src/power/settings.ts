import { z } from 'zod';

const port = z.int().min(1).max(65_535);
const host = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.:_-]*$/, 'expected a host name or an IP address');
/** Name of a secret; the settings never hold the password itself. */
const secret = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'expected the name of a secret');
const user = z
  .string()
  .regex(/^[^\p{Cc}:-][^\p{Cc}:]*$/u, 'expected a user name')
  .max(64);
const rest = z.number().min(0).max(60);
const restFor = 'from the end of one command to the beginning of the next on the same controller';
/** RackN waits so long until a controller has done what it has accepted (`ipmi-power-confirm-timeout`). */
const confirm = z
  .int()
  .min(5)
  .max(3_600)
  .default(300)
  .describe('how long the controller may take to do what it has accepted');

const ipmi = z.strictObject({
  kind: z.literal('ipmi'),
  address: host.describe('host name or address of the controller'),
  port: port.default(623).describe('UDP port of the controller'),
  // At most 16 bytes: IPMI 2.0, 13.20.
  user: user.max(16, 'IPMI allows at most 16 characters').describe('account on the controller'),
  passwordSecret: secret.describe('name of the secret that holds its password'),
  cipherSuite: z
    .int()
    .min(0)
    .max(17)
    .optional()
    .describe(
      'number of the cipher suite (IPMI 2.0, table 22-20); without it ipmitool chooses, which costs some controllers five seconds a command',
    ),
  privilege: z.enum(['OPERATOR', 'ADMINISTRATOR']).default('ADMINISTRATOR').describe('privilege level of a session'),
  firmware: z.enum(['bios', 'uefi']).default('bios').describe('what a boot target is set for'),
  // OpenStack Ironic's `min_command_interval`.
  restSeconds: rest.default(5).describe(restFor),
  confirmSeconds: confirm,
});

const redfish = z
  .strictObject({
    kind: z.literal('redfish'),
    url: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .describe('`https://192.0.2.8`; http only where `insecure` says so'),
    user: user.describe('account on the controller'),
    passwordSecret: secret.describe('name of the secret that holds its password'),
    system: z
      .string()
      .regex(/^[A-Za-z0-9._:-]+$/, 'expected the id of a system')
      .optional()
      .describe('last part of its address below /redfish/v1/Systems; may be left out where there is one'),
    certificateFingerprint: z
      .string()
      .regex(/^(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$/, 'expected 32 bytes in hexadecimal with colons')
      .optional()
      .describe("SHA-256 of the controller's certificate, as `openssl x509 -noout -fingerprint -sha256` prints it"),
    ca: z
      .string()
      .startsWith('-----BEGIN CERTIFICATE-----', 'expected certificates in PEM')
      .optional()
      .describe("certificates in PEM, by one of which the controller's is signed; without it, those that Node trusts"),
    authentication: z
      .enum(['basic', 'session'])
      .default('basic')
      .describe('`session` opens one and deletes it after each command, for controllers that refuse the other'),
    insecure: z.literal('http').optional().describe('allows http, which shows the password to everybody on the way'),
    restSeconds: rest.default(1).describe(restFor),
    confirmSeconds: confirm,
  })
  .refine(({ url, insecure }) => url.startsWith('https:') || insecure === 'http', {
    path: ['url'],
    message: 'expected https; http shows the password to everybody on the way and needs "insecure": "http"',
  })
  .refine(({ ca, certificateFingerprint }) => ca === undefined || certificateFingerprint === undefined, {
    path: ['certificateFingerprint'],
    message: 'expected either certificateFingerprint or ca, not both',
  });

const wakeOnLan = z.strictObject({
  kind: z.literal('wake-on-lan'),
  broadcast: z
    .ipv4()
    .default('255.255.255.255')
    .describe("broadcast address of the machine's network, as the management node sees it"),
  port: port.default(9).describe('UDP port of the packet'),
  confirmSeconds: confirm.describe('how long the machine may take until its SSH port answers'),
});

/** A computer's setting `power`; any provisioner can embed it in its own settings. */
export const powerSettings = z.discriminatedUnion('kind', [ipmi, redfish, wakeOnLan]);

/** With every default filled in. */
export type PowerSettings = z.output<typeof powerSettings>;
export type IpmiSettings = z.output<typeof ipmi>;
export type RedfishSettings = z.output<typeof redfish>;
export type WakeOnLanSettings = z.output<typeof wakeOnLan>;
