import { z } from 'zod';
import { declareSettings } from '../declared-settings.ts';
import { hostSettings, withReach } from '../host-settings.ts';
import { absolutePath, word } from '../setting-values.ts';

const seconds = (most: number) => z.int().positive().max(most);

/** A file name in which `{name}` stands for the revision's name and `{disk}` for the disk's. */
const fileTemplate = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9._-]|\{name\}|\{disk\})+$/,
    'expected a file name with {name}, and {disk} where there are several',
  )
  .refine((template) => template.includes('{name}'), 'expected {name} in it: two images would share a file');

/** A word for nodeset: `boot`, `image`, `osimage=deploy`; `{name}` stands for the revision's name. */
const target = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9._={}-]*$/, 'expected a word for nodeset, such as image or osimage=NAME');

/** Attributes that chdef gives the node before, so that the imaging environment knows what to do. */
const attributes = z.record(word, z.string().regex(/^[^\p{Cc}]*$/u, 'expected one line')).default({});

const repository = z
  .strictObject({
    in: z.literal('repository'),
    directory: absolutePath.describe(
      'the directory that the imaging environment reads and writes, on the host of xCAT',
    ),
    file: fileTemplate.default('{name}.img.gz').describe('name of the file of a disk'),
    disks: z.array(word).min(1).default(['sda']).describe('the disks that the environment images'),
  })
  .refine(({ file, disks }) => disks.length === 1 || file.includes('{disk}'), {
    path: ['file'],
    message: 'expected {disk} in it: the disks would share a file',
  });

const rootimg = z.strictObject({
  in: z.literal('rootimg'),
  osimage: word.describe('the osimage into whose tree imgcapture copies, and that a load packs'),
  temporaryDirectory: absolutePath.default('/tmp').describe('where xCAT keeps its temporary files'),
});

const capture = z.strictObject({
  bootTarget: target.default('image').describe('what nodeset is told, for the imaging environment'),
  attributes: attributes.describe('attributes that chdef gives the node before'),
  doneMarker: fileTemplate
    .default('{name}.img.capturedone')
    .describe('file that the environment makes when it has done'),
  failedMarker: fileTemplate
    .default('{name}.img.capturefailed')
    .describe('file that the environment makes when it has given up'),
  noChangeSeconds: seconds(86_400)
    .default(1200)
    .describe("how long the file may stay as it is; 20 minutes is what Apache VCL's xCAT module allows"),
  limitSeconds: seconds(604_800)
    .default(21_600)
    .describe("how long it may take altogether; 6 hours is what Apache VCL's xCAT module allows"),
});

const load = z.strictObject({
  bootTarget: target.describe('what nodeset is told, for the load'),
  attributes: attributes.describe('attributes that chdef gives the node before'),
  by: z
    .enum(['power', 'rinstall'])
    .default('power')
    .describe("`power`: nodeset and rpower. `rinstall`: one command for both, which also sets the BMC's boot device"),
  finished: z
    .enum(['disk', 'answers'])
    .default('disk')
    .describe(
      '`disk`: when nodeset shows `boot` again and sshd answers. `answers`: when sshd answers, as of a diskless system',
    ),
  noChangeSeconds: seconds(86_400).default(1200).describe('how long a stage of the boot may last'),
  limitSeconds: seconds(604_800).default(7200).describe('how long it may take altogether'),
});

const settingsSchema = z
  .strictObject({
    host: hostSettings.default({ kind: 'local' }).describe("xCAT's management node: this one, or another over SSH"),
    node: word.exactOptional().describe("xCAT's name of the node; the computer's name when absent"),
    xcatRoot: absolutePath.default('/opt/xcat').describe("xCAT's own directory, with the clients in `bin` and `sbin`"),
    stateDirectory: absolutePath
      .default('/var/lib/imprint/xcat')
      .describe('locks and notes of runs, on the host of xCAT; one for all computers of that xCAT'),
    library: z
      .union([
        z.literal('management node'),
        z.strictObject({ own: z.strictObject({ name: word, root: absolutePath }) }),
      ])
      .default('management node')
      .describe("whose library images are in: the management node's, or one of the host's own"),
    images: z
      .discriminatedUnion('in', [repository, rootimg])
      .exactOptional()
      .describe(
        'where images lie for xCAT; without it the computer can be powered and watched, not captured or loaded',
      ),
    capture: capture.prefault({}).describe('how the imaging environment captures'),
    load: load.exactOptional().describe('how the node is loaded; without it, it cannot be'),
    confirmSeconds: seconds(3600)
      .default(60)
      .describe(
        'how long a BMC may take until it reads what it was asked for; sent again meanwhile, because some drop what they accepted',
      ),
    shutdownSeconds: seconds(86_400)
      .default(120)
      .describe('how long the system that a load replaces may take to power off before its power is cut'),
    pollSeconds: z.number().min(0.05).max(60).default(5).describe('between two looks at what goes on'),
  })
  .refine(({ host, library }) => host.kind === 'local' || library !== 'management node', {
    path: ['library'],
    message: 'expected own: the images lie on the host of xCAT, which is not the management node',
  });

/** The settings of a computer that xCAT drives, with every default filled in. */
export type XcatSettings = z.output<typeof settingsSchema>;

/** Images as files that a site's own imaging environment reads and writes. */
export type RepositorySettings = z.output<typeof repository>;
/** Images as the tree of an osimage, which imgcapture fills. */
export type RootimgSettings = z.output<typeof rootimg>;
export type LoadSettings = z.output<typeof load>;

export const { settings, settingsProblems, readSettings } = withReach(declareSettings(settingsSchema));
