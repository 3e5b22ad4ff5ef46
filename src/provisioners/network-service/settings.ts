import { z } from 'zod';
import type { Computer, Problem } from '../../domain/computer.ts';
import { InvalidInputError } from '../../domain/errors.ts';
import { hostSettings } from '../host-settings.ts';

const absolutePath = z
  .string()
  .regex(/^\/[^\p{Cc}]*$/u, 'expected an absolute path')
  .refine((path) => !path.split('/').includes('..'), 'expected a path without ..');
const word = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected letters, digits, dots, underscores and hyphens');

const common = {
  host: hostSettings.default({ kind: 'local' }),
  /** Where the host keeps what a load found, for its undo. Each computer has a subdirectory of its own in it. */
  stateDirectory: absolutePath.default('/var/lib/imprint'),
  /** File and arguments of the command that restarts the service; absent: a load restarts nothing. */
  restart: z.array(z.string().min(1)).min(1).optional(),
};

const frrSettings = z.strictObject({
  service: z.literal('frr'),
  ...common,
  /** Name of the instance, which its daemons and vtysh have as `-N`. */
  pathspace: word.optional(),
  /** Where FRR's own programs lie. */
  programs: absolutePath.default('/usr/lib/frr'),
  /** Daemons that must run before a load, beside those that the configuration needs. */
  daemons: z.array(word).default([]),
});

const nftablesSettings = z
  .strictObject({
    service: z.literal('nftables'),
    ...common,
    /** Network namespace of the rule set; absent: the host's own. */
    namespace: word.optional(),
    /** The tables that belong to the image, `inet filter` each; absent: the whole rule set of the namespace does. */
    tables: z
      .array(z.string().regex(/^(ip|ip6|inet|arp|bridge|netdev) [A-Za-z][A-Za-z0-9_.-]*$/, 'expected FAMILY NAME'))
      .min(1)
      .optional(),
    /** What nftables starts with; overwritten by a load. */
    file: absolutePath.default('/etc/nftables.conf'),
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

/** All that is wrong with a computer's settings, each with the path of the setting. */
export function settingsProblems(computer: Computer): readonly Problem[] {
  const result = settingsSchema.safeParse(computer.settings);
  return (result.error?.issues ?? []).map((issue) => ({
    where: ['settings', ...issue.path].map(String).join('.'),
    problem: issue.message,
  }));
}

/** The settings of a computer; InvalidInputError whose evidence lists every problem. */
export function readSettings(computer: Computer): ServiceSettings {
  const problems = settingsProblems(computer);
  if (problems.length === 0) return settingsSchema.parse(computer.settings);
  const listed = problems.map(({ where, problem }) => `${where}: ${problem}`).join('; ');
  throw new InvalidInputError(`settings of ${computer.name}: ${listed}`, { evidence: { problems: [...problems] } });
}
