import { Option, type Command } from 'commander';
import { InvalidInputError } from '../../domain/errors.ts';
import { onFailureValues, type OnFailure } from '../../domain/hold.ts';
import { parseImageReference } from '../../domain/names.ts';
import { addCommand } from '../command.ts';
import { conductFleet } from '../conduct-fleet.ts';
import { conductRun, type RunOptions } from '../conduct-run.ts';
import { wholeNumber } from '../parse-arguments.ts';
import type { Session } from '../session.ts';

interface LoadOptions extends RunOptions {
  readonly parallel?: number;
  readonly onFailure: OnFailure;
}

/** No fleet is larger. */
const mostAtOnce = 500;

export function addLoadCommand(program: Command, session: Session): void {
  addCommand(program, 'load <node-then-image...>', {
    summary: 'load a revision of an image onto one node or onto many',
    examples: [
      'imprint load lab-08 web',
      'imprint load lab-08 web@3 --detach',
      'imprint load lab-08 lab-09 lab-10 web --parallel 2',
    ],
  })
    .usage('[options] <node...> <image[@revision]>')
    .option(
      '--parallel <number>',
      'of many nodes: at most so many at once (default: as slots allow)',
      wholeNumber(mostAtOnce),
    )
    .addOption(
      new Option(
        '--on-failure <what>',
        'of one node, at a step that fails: wait for an operator, or take the steps back',
      )
        .choices(onFailureValues)
        .default('hold'),
    )
    .option('--request-key <key>', 'name of this request: asked twice, there is one run')
    .option('--detach', 'start the run, print its id and leave')
    .action(async (words: readonly string[], options: LoadOptions) => await load(session, words, options));
}

/** The last word is the image. */
async function load(session: Session, words: readonly string[], options: LoadOptions): Promise<void> {
  const [nodes, reference] = [words.slice(0, -1), words.at(-1) ?? ''];
  const [node] = nodes;
  if (node === undefined)
    throw new InvalidInputError("missing required argument 'image': name at least one node, then the image");
  const image = parseImageReference(reference);
  const { onFailure } = options;
  const request = options.requestKey === undefined ? {} : { requestKey: options.requestKey };
  if (nodes.length === 1) {
    await conductRun(
      session,
      options,
      async (client) => await client.startLoad({ node, ...image, onFailure }, request),
    );
    return;
  }
  const fleet = { nodes, ...image, ...(options.parallel === undefined ? {} : { parallel: options.parallel }) };
  await conductFleet(session, options, async (client) => await client.startLoads(fleet, request));
}
