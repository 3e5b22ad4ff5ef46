import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import type { CaptureImageInput } from '../../client.ts';
import { onFailureValues, type OnFailure } from '../../domain/hold.ts';
import { afterCaptureValues, type AfterCapture } from '../../domain/run.ts';
import { addCommand } from '../command.ts';
import { conductRun, type RunOptions } from '../conduct-run.ts';
import { parseBytes, wholeNumber } from '../parse-arguments.ts';
import { showCapturePlan } from '../show-capture-plan.ts';
import type { Session } from '../session.ts';

interface CaptureOptions extends RunOptions {
  readonly image: string;
  readonly comment?: string;
  readonly author: string;
  readonly os?: string;
  readonly after: AfterCapture;
  readonly allowForcedOff?: true;
  readonly shutdownSeconds?: number;
  readonly copyRate?: number;
  readonly onFailure: OnFailure;
  readonly dryRun?: true;
}

/** A day: longer than any system that still shuts down. */
const longestShutdown = 86_400;

export function addCaptureCommand(program: Command, session: Session): void {
  addCommand(program, 'capture <node>', {
    summary: 'capture what a node holds as a new revision of an image',
    examples: [
      'imprint capture lab-07 --image web --comment "nginx 1.24"',
      'imprint capture lab-07 --image web --os debian12 --after reload --copy-rate 50M',
      'imprint capture lab-07 --image web --dry-run',
    ],
  })
    .requiredOption('--image <name>', 'image that gets the new revision; it is made when it is new')
    .option('--comment <text>', 'why this revision is made')
    .option('--author <name>', 'who asks for it', userInfo().username)
    .option('--os <name>', 'operating system of the node; needed for a new image of a node that nothing was loaded on')
    .addOption(
      new Option('--after <what>', 'what becomes of the node: loaded anew, powered on again, or left off')
        .choices(afterCaptureValues)
        .default('leaveOff'),
    )
    .option('--allow-forced-off', 'cut the power when the guest does not shut down in time; the image then says so')
    .option('--shutdown-seconds <number>', 'how long the guest may take to power off', wholeNumber(longestShutdown))
    .addOption(
      new Option('--on-failure <what>', 'at a step that fails: wait for an operator, or take the steps back')
        .choices(onFailureValues)
        .default('hold'),
    )
    .option('--copy-rate <rate>', 'at most so many bytes a second from the disks, such as 10M', parseBytes)
    .option('--request-key <key>', 'name of this request: asked twice, there is one run')
    .option('--dry-run', 'only read: print what would be done, how large it is, and whether it fits')
    .option('--detach', 'start the run, print its id and leave')
    .action(async (node: string, options: CaptureOptions) => {
      const input = captureInput(node, options);
      if (options.dryRun === true) {
        await showCapturePlan(session, options, node, async (client) => await client.planCapture(input));
      } else await conductRun(session, options, async (client) => await client.startCapture(input, requestOf(options)));
    });
}

function captureInput(
  node: string,
  options: CaptureOptions,
): Partial<CaptureImageInput> & { node: string; image: string } {
  return {
    node,
    image: options.image,
    author: options.author,
    after: options.after,
    allowForcedOff: options.allowForcedOff ?? false,
    onFailure: options.onFailure,
    ...(options.comment === undefined ? {} : { comment: options.comment }),
    ...(options.os === undefined ? {} : { operatingSystem: options.os }),
    ...(options.shutdownSeconds === undefined ? {} : { shutdownSeconds: options.shutdownSeconds }),
    ...(options.copyRate === undefined ? {} : { copyRateBytes: options.copyRate }),
  };
}

function requestOf({ requestKey }: RunOptions): { requestKey?: string } {
  return requestKey === undefined ? {} : { requestKey };
}
