/** A text that a tool prints, and what becomes of it. The page docs/failures.md has the same rows. */
export interface FailureRow {
  /** What the row's text is: the recorded output of a fixture, or the text itself. */
  readonly text: string;
  /** Class of src/domain/errors.ts; `success` where the text says that there was nothing to do. */
  readonly class: string;
  readonly run: string;
}

const soon = 'again, for ten minutes; then given up';
const unknown = 'reads the state, then again, for ten minutes';
const briefly = 'again, for a minute and a half; then given up';
const over = 'given up at once, all is taken back';
const done = 'goes on';
const absent =
  "looks into libvirt's list: a domain that is not in it is off, and nothing of it is to be removed; only starting it is given up";

/** virsh 9.0 prints it while it does `verb`. Texts that end in `.err` are files of test/fixtures/output. */
export const virshFailures: readonly (FailureRow & { readonly verb: string })[] = [
  { verb: 'start', text: 'virsh/no-daemon.err', class: 'UnavailableError', run: soon },
  {
    verb: 'domstate',
    text: "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
    class: 'UnauthorizedError',
    run: over,
  },
  {
    verb: 'domstate',
    text: 'error: failed to connect to the hypervisor\nerror: authentication unavailable: no polkit agent available to authenticate action',
    class: 'UnauthorizedError',
    run: over,
  },
  { verb: 'start', text: 'virsh/connection-lost.err', class: 'OutcomeUnknownError', run: unknown },
  {
    verb: 'destroy',
    text: 'error: Cannot recv data: Connection reset by peer',
    class: 'OutcomeUnknownError',
    run: unknown,
  },
  { verb: 'reset', text: 'virsh/state-lock.err', class: 'UnavailableError', run: soon },
  {
    verb: 'destroy',
    text: "error: Failed to destroy domain 'lab-07'\nerror: Failed to terminate process 4711 with SIGKILL: Device or resource busy",
    class: 'OutcomeUnknownError',
    run: unknown,
  },
  {
    verb: 'undefine',
    text: "error: block copy still active: disk 'vda' not ready for pivot yet",
    class: 'UnavailableError',
    run: soon,
  },
  { verb: 'domstate', text: 'virsh/missing.err', class: 'NotFoundError', run: absent },
  {
    verb: 'domstate',
    text: "error: failed to get domain 'nix'\nerror: Domain not found: no domain with matching name 'nix'",
    class: 'NotFoundError',
    run: absent,
  },
  { verb: 'start', text: 'virsh/start-active.err', class: 'success', run: done },
  {
    verb: 'start',
    text: "error: Failed to start domain 'lab-07'\nerror: Requested operation is not valid: domain is already running",
    class: 'success',
    run: done,
  },
  { verb: 'destroy', text: 'virsh/destroy-not-running.err', class: 'success', run: done },
  { verb: 'shutdown', text: 'virsh/shutdown-not-running.err', class: 'success', run: done },
  {
    verb: 'reset',
    text: "error: Failed to reset domain 'lab-07'\nerror: Requested operation is not valid: domain is not running",
    class: 'CommandFailedError',
    run: briefly,
  },
  { verb: 'start', text: 'virsh/start-denied.err', class: 'ConflictError', run: over },
  { verb: 'start', text: 'virsh/start-no-backing.err', class: 'ConflictError', run: over },
  { verb: 'define', text: 'virsh/define-other-uuid.err', class: 'ConflictError', run: over },
  { verb: 'start', text: 'error: something that nobody has seen yet', class: 'CommandFailedError', run: briefly },
];

/** qemu-img 7.2 prints it. */
export const qemuImgFailures: readonly FailureRow[] = [
  { text: 'qemu-img/locked.err', class: 'UnavailableError', run: soon },
  { text: 'qemu-img/missing.err', class: 'NotFoundError', run: over },
  { text: 'qemu-img/no-backing.err', class: 'NotFoundError', run: over },
  { text: 'qemu-img/denied.err', class: 'ConflictError', run: over },
  { text: 'qemu-img/full.err', class: 'CapacityError', run: over },
  { text: 'qemu-img: error while writing at byte 0: Disk quota exceeded', class: 'CapacityError', run: over },
  { text: 'qemu-img/file-too-large.err', class: 'CapacityError', run: over },
  { text: 'qemu-img/not-qcow2.err', class: 'IntegrityError', run: over },
  { text: 'qemu-img/version.err', class: 'IntegrityError', run: over },
  { text: 'qemu-img/corrupt.err', class: 'IntegrityError', run: over },
  {
    text: 'qemu-img: error while reading at byte 65536: Input/output error',
    class: 'CommandFailedError',
    run: briefly,
  },
];

/** ssh2 1.17 says it while a connection is opened; `level` is a field of its errors. */
export const loginFailures: readonly (FailureRow & { readonly level?: string })[] = [
  { text: 'connect ECONNREFUSED 10.0.0.7:22', class: 'UnavailableError', run: soon },
  { text: 'connect EHOSTUNREACH 10.0.0.7:22', class: 'UnavailableError', run: soon },
  { text: 'getaddrinfo ENOTFOUND lab-07', class: 'UnavailableError', run: soon },
  { text: 'nothing was said within 15000 ms', class: 'UnavailableError', run: soon },
  { text: 'the connection was closed before anything was said', class: 'UnavailableError', run: soon },
  { text: 'Timed out while waiting for handshake', level: 'client-timeout', class: 'UnavailableError', run: soon },
  {
    text: 'All configured authentication methods failed',
    level: 'client-authentication',
    class: 'UnauthorizedError',
    run: over,
  },
  { text: 'Cannot parse privateKey: Unsupported key format', class: 'UnauthorizedError', run: over },
  {
    text: 'Handshake failed: no matching host key format',
    level: 'handshake',
    class: 'UnauthorizedError',
    run: over,
  },
];

/** ssh2 1.17 says it when a command is begun on an open connection, or while it runs. */
export const commandFailures: readonly FailureRow[] = [
  { text: '(SSH) Channel open failure: open failed', class: 'UnavailableError', run: soon },
  { text: 'Not connected', class: 'UnavailableError', run: soon },
  { text: 'No response from server', class: 'UnavailableError', run: soon },
  { text: 'Keepalive timeout', class: 'OutcomeUnknownError', run: unknown },
  { text: 'read ECONNRESET', class: 'OutcomeUnknownError', run: unknown },
];

/** What the tools of FRRouting 8.4 and nftables 1.0 print while a provisioner does `verb` with the service. Texts that end in `.out` are recorded. */
export const serviceFailures: readonly (FailureRow & { readonly verb: 'read' | 'check' | 'apply' })[] = [
  { verb: 'read', text: 'vtysh/no-daemon.out', class: 'UnavailableError', run: soon },
  { verb: 'check', text: 'vtysh/check-refused.out', class: 'IntegrityError', run: over },
  {
    verb: 'check',
    text: 'line 1: % Command incomplete[4]: ip route 10.2.0.0/16',
    class: 'IntegrityError',
    run: over,
  },
  { verb: 'check', text: 'nft/check-refused.out', class: 'IntegrityError', run: over },
  {
    verb: 'apply',
    text: '"no router ospf" we failed to remove this command',
    class: 'CommandFailedError',
    run: briefly,
  },
];

/** What `virsh domstate --reason` (9.0) says, the house's word for it, and whether the disks may be captured then. */
export const domainStates: readonly (readonly [state: string, power: string, capture: string])[] = [
  ['no state (unknown)', 'unknown', 'waits, until its time is up'],
  ['running (booted)', 'on', 'waits, until its time is up'],
  ['running (crashed)', 'on', 'waits, until its time is up'],
  ['idle (unknown)', 'on', 'waits, until its time is up'],
  ['paused (user)', 'paused', 'waits, until its time is up'],
  ['paused (I/O error)', 'paused', 'waits, until its time is up'],
  ['paused (starting up)', 'turning-on', 'waits, until its time is up'],
  ['paused (shutting down)', 'turning-off', 'waits, until its time is up'],
  ['in shutdown (user)', 'turning-off', 'waits, until its time is up'],
  ['crashed (panicked)', 'crashed', 'waits, until its time is up'],
  ['pmsuspended (unknown)', 'suspended', 'waits, until its time is up'],
  ['shut off (shutdown)', 'off', 'goes on'],
  ['shut off (daemon)', 'off', "goes on; the clean mark on the copy's file systems decides"],
  ['shut off (unknown)', 'off', "goes on; the clean mark on the copy's file systems decides"],
  ['shut off (destroyed)', 'off', 'refused, unless `--allow-forced-off`'],
  ['shut off (crashed)', 'off', 'refused, unless `--allow-forced-off`'],
  ['shut off (failed)', 'off', 'refused, unless `--allow-forced-off`'],
  ['shut off (from snapshot)', 'off', 'refused, unless `--allow-forced-off`'],
  ['shut off (saved)', 'off', 'refused: its memory waits to be resumed'],
  ['shut off (migrated)', 'off', 'refused: it runs on another host'],
];
