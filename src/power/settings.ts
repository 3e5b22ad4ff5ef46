import { z } from 'zod';

const port = z.int().min(1).max(65_535);
const host = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.:_-]*$/, 'expected a host name or an IP address');
/** Name of a secret; the settings never hold the password itself. */
const secret = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'expected the name of a secret');
const user = z
  .string()
  .regex(/^[^\p{Cc}:]+$/u, 'expected a user name')
  .max(64);
/** From the end of one command to the beginning of the next on the same controller. */
const rest = z.number().min(0).max(60);
/** RackN waits so long until a controller has done what it has accepted (`ipmi-power-confirm-timeout`). */
const confirm = z.int().min(5).max(3_600).default(300);

const ipmi = z.strictObject({
  kind: z.literal('ipmi'),
  address: host,
  port: port.default(623),
  /** Empty for controllers that know no names. At most 16 bytes: IPMI 2.0, 13.20. */
  user: user.max(16, 'IPMI allows at most 16 characters'),
  passwordSecret: secret,
  /** Number of the cipher suite (IPMI 2.0, table 22-20). Default: what ipmitool chooses, which costs some controllers five seconds a command. */
  cipherSuite: z.int().min(0).max(17).optional(),
  privilege: z.enum(['OPERATOR', 'ADMINISTRATOR']).default('ADMINISTRATOR'),
  /** What a boot target is set for. */
  firmware: z.enum(['bios', 'uefi']).default('bios'),
  /** OpenStack Ironic's `min_command_interval`. */
  restSeconds: rest.default(5),
  confirmSeconds: confirm,
});

const redfish = z
  .strictObject({
    kind: z.literal('redfish'),
    /** `https://192.0.2.8`; http only where `insecure` says so. */
    url: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '')),
    user,
    passwordSecret: secret,
    /** Last part of the system's address below /redfish/v1/Systems; may be left out where there is one system. */
    system: z
      .string()
      .regex(/^[A-Za-z0-9._:-]+$/, 'expected the id of a system')
      .optional(),
    /** SHA-256 of the controller's certificate, as `openssl x509 -noout -fingerprint -sha256` prints it. */
    certificateFingerprint: z
      .string()
      .regex(/^(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$/, 'expected 32 bytes in hexadecimal with colons')
      .optional(),
    /** Certificates in PEM, one after the other, by one of which the controller's is signed. Default: those that Node trusts. */
    ca: z.string().startsWith('-----BEGIN CERTIFICATE-----', 'expected certificates in PEM').optional(),
    /** `session` opens one and deletes it after each command; for controllers that refuse basic authentication. */
    authentication: z.enum(['basic', 'session']).default('basic'),
    /** Allows http, which shows the password to everybody on the way. */
    insecure: z.literal('http').optional(),
    restSeconds: rest.default(1),
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
  /** Broadcast address of the machine's network, as seen from the management node. */
  broadcast: z.ipv4().default('255.255.255.255'),
  port: port.default(9),
});

/** A computer's setting `power`; any provisioner can embed it in its own settings. */
export const powerSettings = z.discriminatedUnion('kind', [ipmi, redfish, wakeOnLan]);

/** With every default filled in. */
export type PowerSettings = z.output<typeof powerSettings>;
export type IpmiSettings = z.output<typeof ipmi>;
export type RedfishSettings = z.output<typeof redfish>;
export type WakeOnLanSettings = z.output<typeof wakeOnLan>;
