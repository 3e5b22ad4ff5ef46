import type { XcatFault } from '../../src/demo/xcat-double/index.ts';

type Facts = Readonly<Record<string, string>>;

/** What the double is before a command: facts of nodes and of its only osimage, deb12, a fault of the command, or a node that another one is about. */
export interface XcatGiven {
  readonly nodes?: Readonly<Record<string, Facts>>;
  readonly image?: Facts;
  readonly fault?: XcatFault;
  readonly busy?: string;
}

/** What xCAT 2.19.0 was seen to answer: both outputs are the files `fixture` of test/fixtures/output/xcat, one that is not there is empty. */
export interface XcatOutput {
  readonly command: readonly string[];
  readonly given: XcatGiven;
  readonly fixture: string;
  readonly exitCode: number;
}

/** Words of `command` are apart by blanks; `''` is an empty one. Nodes that it names are there, `nope` and `n4` are not. */
function row(command: string, fixture: string, exitCode: number, given: XcatGiven = {}): XcatOutput {
  const words = command.split(' ').map((word) => (word === "''" ? '' : word));
  return { command: words, given, fixture, exitCode };
}

const off = { nodes: { n1: { power: 'off' } } };
const bmc = (fate: string): XcatGiven => ({ nodes: { n2: { bmc: fate } } });
const pings = (boot: string): XcatGiven => ({ nodes: { n3: { stage: 'ping', boot } } });
const netboot = 'netboot debian12-x86_64-compute';

/** Of a node, as a real xCAT shows it: arch, mgt and postscripts are all that it has. */
const defined = { arch: 'x86_64', mgt: 'ipmi', os: '', osarch: '', osvers: '', profile: '' };

const definitions = [
  row('lsxcatd -v', 'lsxcatd', 0),
  row('tabdump site', 'tabdump-site', 0),
  row('mkdef n4 groups=all mgt=ipmi', 'chdef', 0),
  row('mkdef -t node -o n4 groups=all', 'chdef', 0),
  row('chdef n1 profile=web', 'chdef', 0),
  row('mkdef n1 groups=all', 'mkdef-existing', 1),
  row('lsdef n1', 'lsdef-node', 0, { nodes: { n1: { ...defined, postscripts: 'syslog,remoteshell' } } }),
  row('lsdef n1 -i mgt,os -c', 'lsdef-compact', 0, { nodes: { n1: { os: 'debian12' } } }),
  row('lsdef -t node', 'lsdef-list', 0, { nodes: { n1: {} } }),
  row('lsdef n1,nope -i mgt', 'lsdef-partly', 1),
  row('lsdef nope', 'lsdef-nope', 1),
  row('nodels n1 nodelist.status chain.currstate', 'nodels', 0, { nodes: { n1: { status: 'noping' } } }),
];

const power = [
  row('rpower n1 stat', 'rpower-on', 0),
  row('rpower n1 stat', 'rpower-off', 0, off),
  row('rpower n1 on', 'rpower-on', 0, off),
  row('rpower n1 on', 'rpower-on', 0),
  row('rpower n1 off', 'rpower-off', 0),
  row('rpower n1 off', 'rpower-off', 0, off),
  row('rpower n1 boot', 'rpower-on', 0, off),
  row('rpower n1 boot', 'rpower-reset', 0),
  row('rpower n1 reset', 'rpower-reset', 0),
  row('rpower n1 softoff', 'rpower-softoff', 0),
  row('rpower n1 cycle', 'rpower-cycle', 0),
  row('rpower n1 suspend', 'rpower-suspend-off', 1, off),
  row('rpower n1 wake', 'rpower-wake', 1),
  row('rpower n1 foo', 'rpower-unsupported', 1),
  row('rpower n1', 'rpower-no-action', 1),
  row('rpower', 'rpower-usage', 0),
  row("rpower '' stat", 'nothing', 0),
  row('rpower n3 stat -V', 'verbose', 0),
  row('rsetboot n3 net', 'rsetboot-net', 0),
  row('rsetboot n3 hd', 'rsetboot-hd', 0),
  row('rsetboot n3 stat', 'rsetboot-net', 0, { nodes: { n3: { bootdevice: 'Network' } } }),
];

const bootTargets = [
  row('nodeset n1 stat', 'nodeset-boot', 0),
  row('nodeset n1 stat', 'nodeset-offline', 0, { nodes: { n1: { boot: 'offline' } } }),
  row('nodeset n1 stat', 'nodeset-netboot', 0, { nodes: { n1: { boot: netboot } } }),
  row('nodeset n1 boot', 'nodeset-boot', 0),
  row('nodeset n1 osimage=deb12', 'nodeset-netboot', 0, { nodes: { n1: { serialport: '0' } } }),
  row('nodeset n3 osimage=deb12', 'nodeset-serialport', 0),
  row('nodeset n1 osimage=deb12', 'nodeset-not-built', 1, { image: { unbuilt: '' } }),
  row('nodeset n1 osimage=nope', 'nodeset-no-image', 1),
  row('nodeset n1 install', 'nodeset-install', 1),
  row('nodeset n1 bogus', 'nodeset-bogus', 1),
  row('nodeset n1 shell', 'nodeset-shell', 1),
  row('nodeset n1 offline', 'nodeset-dhcp', 1, { fault: 'dhcp' }),
  row('nodeset n1 boot', 'nodeset-no-dhcp', 1, { fault: 'no-dhcp' }),
  row('nodeset n3 boot', 'nodeset-race', 1, { busy: 'n3' }),
  row('nodestat n1', 'nodestat-noping', 0, { nodes: { n1: { stage: 'noping' } } }),
  row('nodestat n1', 'nodestat-noping', 0, off),
  row('nodestat n3', 'nodestat-sshd', 0),
  row('nodestat n1 -p', 'nodestat-p', 0, { nodes: { n1: { stage: 'noping' } } }),
  row('nodestat n3', 'nodestat-boot', 0, pings('boot')),
  row('nodestat n3', 'nodestat-netboot', 0, pings(netboot)),
  row('rinstall n3 osimage=deb12', 'rinstall', 0),
  row('rinstall n1,n2 osimage=deb12', 'rinstall-bmc-down', 1, bmc('down')),
];

const other = { nodes: { n3: { osvers: 'rocky9' } } };
const captures = [
  row('imgcapture n3 -t diskless -o deb12', 'imgcapture', 0),
  row('imgcapture n3 -t diskless -o deb12', 'imgcapture-no-ssh', 1, { nodes: { n3: { stage: 'noping' } } }),
  row('imgcapture n3 -t diskless -o deb12', 'imgcapture-ssh-lost', 1, { fault: 'ssh-lost' }),
  row('imgcapture n3 -t diskless -o deb12', 'imgcapture-genimage', 1, { fault: 'genimage' }),
  row('imgcapture n3 -t diskless -o capt', 'imgcapture-no-image', 1),
  row('imgcapture n3 -t diskless -o deb12', 'imgcapture-mismatch', 1, other),
  row('imgcapture n3', 'imgcapture-systemimager', 1),
];

const errors = [
  row('rpower nope stat', 'unknown-node', 1),
  row('rpower n1,nope stat', 'unknown-node', 1),
  row('rpower n2 stat', 'bmc-timeout', 1, bmc('down')),
  row('rpower n2 stat', 'bmc-password', 1, bmc('password')),
  row('rpower n2 stat', 'bmc-user', 1, bmc('user')),
  row('rpower n2 stat', 'bmc-unresolved', 1, bmc('unresolved')),
  row('rpower n2 stat', 'no-mgt', 1, { nodes: { n2: { mgt: '' } } }),
  row('rpower n1,n2 stat', 'two-nodes', 1, bmc('down')),
  row('rpower n1 stat', 'daemon-stopped', 111, { fault: 'daemon-stopped' }),
  row('rpower n1 stat', 'bad-hostname', 22, { fault: 'bad-hostname' }),
  row('rpower n1 stat', 'no-certificates', 1, { fault: 'no-certificates' }),
  row('rpower n1 stat', 'denied', 1, { fault: 'denied' }),
  row('rpower n1 stat', 'worker-killed', 1, { fault: 'ended' }),
  row('rpower n1 stat', 'badcode', 1, { fault: 'badcode' }),
];

/** A row for each answer that was recorded, but for those of which only a part was. */
export const xcatOutputs: readonly XcatOutput[] = [...definitions, ...power, ...bootTargets, ...captures, ...errors];

/** Answers of which only these lines were recorded. */
export const xcatExcerpts: readonly XcatOutput[] = [row('rinstall n3 osimage=deb12 -V', 'verbose-rinstall', 0)];
