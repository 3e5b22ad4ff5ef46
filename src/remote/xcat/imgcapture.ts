/** The lines that a capture prints, in order; the word is what a person is told. */
const stages: readonly (readonly [RegExp, string])[] = [
  [/^Capturing image on /m, 'reads the system'],
  [/^Transfering the image captured on /m, 'brings the image back'],
  [/^Generating kernel and initial ramdisks/m, 'makes kernel and initial ramdisks'],
];

/** What a capture does at the moment; its output comes as one block at the end from a real xcatd, so this is all that is ever seen. */
export function captureStage(output: string): string {
  return stages.findLast(([pattern]) => pattern.test(output))?.[1] ?? 'has printed nothing yet';
}

/** Whether it is complete. Only the last line tells: wrong arguments, and a client that was ended, exit with 0 as well. */
export function isCaptureDone(output: string): boolean {
  return output.trimEnd().split('\n').at(-1)?.trim() === 'Done.';
}
