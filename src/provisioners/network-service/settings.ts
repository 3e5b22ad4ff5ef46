import { z } from 'zod';
import { declareSettings } from '../declared-settings.ts';
import { hostSettings, withReach } from '../host-settings.ts';
import { absolutePath, word } from '../setting-values.ts';

const common = {
  host: hostSettings
    .default({ kind: 'local' })
    .describe('the host of the service: the management node, or another over SSH'),
  stateDirectory: absolutePath
    .default('/var/lib/imprint')
    .describe(
      'where the host keeps what a load found, for its undo; each computer has a subdirectory of its own in it',
    ),
  restart: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('file and arguments of the command that restarts the service; absent: a load restarts nothing'),
};

const frrSettings = z.strictObject({
  service: z.literal('frr').describe('which service it is'),
  ...common,
  pathspace: word.optional().describe('name of the instance, which its daemons and vtysh have as `-N`'),
  programs: absolutePath.default('/usr/lib/frr').describe("where FRR's own programs lie"),
  daemons: z
    .array(word)
    .default([])
    .describe('daemons that must run before a load, beside those that the configuration needs, and before a capture'),
});

const nftablesSettings = z
  .strictObject({
    service: z.literal('nftables'),
    ...common,
    namespace: word.optional().describe("network namespace of the rule set; absent: the host's own"),
    tables: z
      .array(z.string().regex(/^(ip|ip6|inet|arp|bridge|netdev) [A-Za-z][A-Za-z0-9_.-]*$/, 'expected FAMILY NAME'))
      .min(1)
      .optional()
      .describe('the tables that belong to the image, `inet filter` each; absent: the whole rule set of the namespace'),
    file: absolutePath.default('/etc/nftables.conf').describe('what nftables starts with; overwritten by a load'),
  })
  .refine(({ tables, file }) => tables === undefined || file !== '/etc/nftables.conf', {
    path: ['file'],
    message:
      'expected a file of its own, which /etc/nftables.conf includes: with tables, the others are not the image’s',
  });

const settingsSchema = z.discriminatedUnion('service', [frrSettings, nftablesSettings]);

export type FrrSettings = z.output<typeof frrSettings>;
export type NftablesSettings = z.output<typeof nftablesSettings>;

/** The settings of a computer whose service is captured and loaded, with every default filled in. */
export type ServiceSettings = z.output<typeof settingsSchema>;

export const { settings, settingsProblems, readSettings } = withReach(declareSettings(settingsSchema));
