import type { XcatCommand } from '../../src/remote/xcat/failure.ts';
import type { FailureRow } from './failure-matrix.ts';

const soon = 'again, for ten minutes; then given up';
const unknown = 'reads the state, then again, for ten minutes';
const briefly = 'again, for a minute and a half; then given up';
const over = 'given up at once, all is taken back';

export interface XcatFailureRow extends FailureRow {
  readonly verb: string;
  readonly manner: XcatCommand['manner'];
  readonly exitCode: number;
}

function row(
  [verb, manner, exitCode]: readonly [string, XcatCommand['manner'], number],
  name: string,
  [kind, run]: readonly [string, string],
): XcatFailureRow {
  return { verb, manner, exitCode, text: name, class: kind, run };
}

const stat = ['rpower', 'reads', 1] as const;
const power = ['rpower', 'acts', 1] as const;
const target = ['nodeset', 'acts', 1] as const;
const capture = ['imgcapture', 'acts', 1] as const;

/** xCAT 2.19 prints it while it does `verb`; `text` names files of test/fixtures/output/xcat, for both outputs. */
export const xcatFailures: readonly XcatFailureRow[] = [
  row(['rpower', 'acts', 111], 'daemon-stopped', ['UnavailableError', soon]),
  row(['rpower', 'acts', 22], 'bad-hostname', ['UnavailableError', soon]),
  row(power, 'no-certificates', ['UnauthorizedError', over]),
  row(stat, 'denied', ['UnauthorizedError', over]),
  row(power, 'worker-killed', ['OutcomeUnknownError', unknown]),
  row(stat, 'bmc-timeout', ['UnavailableError', soon]),
  row(power, 'bmc-timeout', ['OutcomeUnknownError', unknown]),
  row(power, 'bmc-password', ['UnauthorizedError', over]),
  row(power, 'bmc-user', ['UnauthorizedError', over]),
  row(power, 'bmc-unresolved', ['InvalidInputError', over]),
  row(power, 'no-mgt', ['InvalidInputError', over]),
  row(power, 'unknown-node', ['NotFoundError', over]),
  row(power, 'rpower-unsupported', ['InvalidInputError', over]),
  row(power, 'rpower-no-action', ['InvalidInputError', over]),
  row(power, 'rpower-wake', ['InvalidInputError', over]),
  row(power, 'rpower-suspend-off', ['CommandFailedError', briefly]),
  row(['rpower', 'acts', 0], 'rpower-usage', ['CommandFailedError', briefly]),
  row(['rpower', 'acts', 0], 'nothing', ['OutcomeUnknownError', unknown]),
  row(stat, 'badcode', ['CommandFailedError', briefly]),
  row(target, 'nodeset-not-built', ['ConflictError', over]),
  row(target, 'nodeset-no-image', ['NotFoundError', over]),
  row(target, 'nodeset-install', ['InvalidInputError', over]),
  row(target, 'nodeset-bogus', ['InvalidInputError', over]),
  row(target, 'nodeset-shell', ['CommandFailedError', briefly]),
  row(target, 'nodeset-dhcp', ['UnavailableError', soon]),
  row(target, 'nodeset-no-dhcp', ['UnavailableError', soon]),
  row(target, 'nodeset-race', ['CommandFailedError', briefly]),
  row(target, 'nodeset-clustershell', ['InvalidInputError', over]),
  row(['rinstall', 'acts', 1], 'rinstall-bmc-down', ['OutcomeUnknownError', unknown]),
  row(['lsdef', 'reads', 1], 'lsdef-nope', ['NotFoundError', over]),
  row(capture, 'imgcapture-no-ssh', ['CommandFailedError', briefly]),
  row(capture, 'imgcapture-ssh-lost', ['CommandFailedError', briefly]),
  row(capture, 'imgcapture-genimage', ['CommandFailedError', briefly]),
  row(capture, 'imgcapture-no-image', ['NotFoundError', over]),
  row(capture, 'imgcapture-mismatch', ['ConflictError', over]),
  row(capture, 'imgcapture-systemimager', ['ConflictError', over]),
];
