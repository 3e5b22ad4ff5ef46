import type { FailureRow } from './failure-matrix.ts';

const soon = 'again, for ten minutes; then given up';
const unknown = 'reads the state, then again, for ten minutes';
const over = 'given up at once, all is taken back';
const session = 'Error: Unable to establish IPMI v2 / RMCP+ session';

/** ipmitool 1.8.19 prints it with -v. Texts that end in `.err` were recorded before ipmi_sim and lie in test/fixtures/output; the others are known from what other projects describe. */
export const ipmitoolFailures: readonly FailureRow[] = [
  { text: 'ipmitool/wrong-password.err', class: 'UnauthorizedError', run: over },
  { text: 'ipmitool/unknown-user.err', class: 'UnauthorizedError', run: over },
  { text: 'ipmitool/no-controller.err', class: 'UnavailableError', run: soon },
  { text: 'ipmitool/unknown-host.err', class: 'UnavailableError', run: soon },
  { text: 'ipmitool/cipher-suite.err', class: 'InvalidInputError', run: over },
  { text: session, class: 'UnavailableError', run: soon },
  { text: `> Error: no response from RAKP 3 message\n${session}`, class: 'UnavailableError', run: soon },
  {
    text: `RAKP 2 message indicates an error : insufficient resources for session\n${session}`,
    class: 'UnavailableError',
    run: soon,
  },
  { text: 'lanplus: password is longer than 20 bytes.', class: 'InvalidInputError', run: over },
  { text: 'Get Chassis Power Status failed: Node busy', class: 'UnavailableError', run: soon },
  {
    text: 'Get Chassis Power Status failed: BMC initialization in progress',
    class: 'UnavailableError',
    run: soon,
  },
  {
    text: 'Set Chassis Power Control to Up/On failed: Insufficient privilege level',
    class: 'UnauthorizedError',
    run: over,
  },
  {
    text: 'Set Chassis Power Control to Cycle failed: Command not supported in present state',
    class: 'ConflictError',
    run: 'what is read next decides: it is so already, or that is waited for',
  },
  {
    text: 'Set Chassis Power Control to Cycle failed: Invalid data field in request',
    class: 'UnsupportedError',
    run: 'off, then on, instead of it',
  },
  { text: 'Set Chassis Power Control to Down/Off failed: Timeout', class: 'OutcomeUnknownError', run: unknown },
];
