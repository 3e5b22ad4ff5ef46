import { describe, expect, it } from 'vitest';
import { parseAnswer, wordOf } from '../../../../src/remote/xcat/answer.ts';
import { captureStage, isCaptureDone } from '../../../../src/remote/xcat/imgcapture.ts';
import { parseAttributes } from '../../../../src/remote/xcat/lsdef.ts';
import { parseBootTarget } from '../../../../src/remote/xcat/nodeset.ts';
import { parseNodeStage } from '../../../../src/remote/xcat/nodestat.ts';
import { parseProvisioned } from '../../../../src/remote/xcat/rinstall.ts';
import { powerOfWord } from '../../../../src/remote/xcat/rpower.ts';
import { recorded } from '../../../support/recorded.ts';

const out = (name: string): string => recorded(`xcat/${name}.out`);
const err = (name: string): string => recorded(`xcat/${name}.err`);
const word = (node: string, stdout: string, stderr = ''): string | undefined =>
  wordOf(parseAnswer({ stdout, stderr }), node);

describe("the grammar of xCAT's clients", () => {
  it.each([
    ['rpower-on', 'n1', 'on'],
    ['rpower-off', 'n1', 'off'],
    ['rpower-reset', 'n1', 'reset'],
    ['rpower-softoff', 'n1', 'softoff'],
    ['rpower-cycle', 'n1', 'cycle'],
    ['nodeset-boot', 'n1', 'boot'],
    ['nodeset-offline', 'n1', 'offline'],
    ['nodeset-netboot', 'n1', 'netboot debian12-x86_64-compute'],
    ['nodestat-noping', 'n1', 'noping'],
    ['nodestat-p', 'n1', 'noping(on)'],
    ['nodestat-sshd', 'n3', 'sshd'],
    ['nodestat-boot', 'n3', 'boot'],
    ['nodestat-netboot', 'n3', 'netboot debian12-x86_64-compute'],
    ['verbose', 'n3', 'on'],
    ['verbose-rinstall', 'n3', 'reset'],
  ])('reads what %s says of %s', (name, node, said) => {
    expect(word(node, out(name))).toBe(said);
  });

  it('takes a warning for no error', () => {
    expect(word('n3', out('nodeset-serialport'), err('nodeset-serialport'))).toBe('netboot debian12-x86_64-compute');
  });

  it.each(['bmc-timeout', 'bmc-password', 'bmc-user', 'bmc-unresolved', 'no-mgt'])(
    'finds no word where %s says an error of the node',
    (name) => {
      expect(word('n2', '', err(name))).toBeUndefined();
      expect(parseAnswer({ stdout: '', stderr: err(name) })).toMatchObject([{ node: 'n2', severity: 'error' }]);
    },
  );

  it('finds errors on the standard output as well as data on the standard error', () => {
    expect(word('n1', out('rpower-unsupported'))).toBeUndefined();
    expect(word('n1', '', 'n1: on\n')).toBe('on');
  });

  it('keeps apart what is said of two nodes, in whichever order', () => {
    expect(word('n1', out('two-nodes'), err('two-nodes'))).toBe('on');
    expect(word('n2', out('two-nodes'), err('two-nodes'))).toBeUndefined();
    expect(word('n1', 'n2: off\nn1: on\n')).toBe('on');
  });

  it('finds no node in what is said of none', () => {
    expect(parseAnswer({ stdout: '', stderr: err('badcode') })).toEqual([{ severity: 'error', text: 'Not present' }]);
    expect(parseAnswer({ stdout: '', stderr: err('unknown-node') })).toMatchObject([{ severity: 'error' }]);
    expect(parseAnswer({ stdout: '', stderr: err('nodeset-no-image') })).toEqual([
      { severity: 'error', text: 'Cannot find the OS image nope in the osimage table.' },
    ]);
    expect(word('n1', out('nothing'))).toBeUndefined();
  });

  it('takes the last word of a node, since a try that failed may stand before it', () => {
    expect(word('n1', 'n1: off\nn1: on\n')).toBe('on');
  });
});

describe('what the words mean', () => {
  it.each([
    ['on', 'on'],
    ['off', 'off'],
    ['suspend', 'suspended'],
    ['on (Chassis)', 'turning-on'],
    ['Not Activated', 'off'],
    ['Running', 'on'],
    ['Shutting down', 'turning-off'],
    ['quiesced', 'crashed'],
    ['xyz', 'unknown'],
  ])('reads the power "%s" as %s', (said, value) => {
    expect(powerOfWord(said)).toBe(value);
  });

  it('splits a boot target into its state and the rest', () => {
    expect(parseBootTarget('netboot debian12-x86_64-compute')).toMatchObject({
      state: 'netboot',
      detail: 'debian12-x86_64-compute',
    });
    expect(parseBootTarget('boot')).toEqual({ state: 'boot', detail: '', raw: 'boot' });
  });

  it.each([
    ['noping', false, false, 'noping'],
    ['noping(off)', false, false, 'noping(off)'],
    ['nosuchhost', false, false, 'nosuchhost'],
    ['sshd', true, true, 'sshd'],
    ['https,sshd', true, true, 'https,sshd'],
    ['ping install debian12', true, false, 'install debian12'],
    ['installing prep', true, false, 'installing prep'],
    // What nodeset has set, said of a node that pings and has no known port open.
    ['boot', true, false, 'boot'],
    ['Please make sure n1 exists in /etc/hosts or DNS or hosts table', false, false, expect.any(String)],
  ])('reads the stage "%s"', (text, ping, sshd, stage) => {
    expect(parseNodeStage(text)).toMatchObject({ ping, sshd, stage });
  });

  it('reads attributes, of which a value may hold an equals sign or be empty', () => {
    expect(parseAttributes(out('lsdef-compact'), 'n1')).toEqual({ mgt: 'ipmi', os: 'debian12' });
    expect(parseAttributes('n1: a=b=c\nn1: empty=\nn2: a=x\n', 'n1')).toEqual({ a: 'b=c', empty: '' });
    expect(parseAttributes(out('lsdef-nope'), 'nope')).toEqual({});
  });

  it('reads which nodes rinstall provisions', () => {
    expect(parseProvisioned(out('rinstall'))).toEqual(['n3']);
    expect(parseProvisioned(out('rinstall-bmc-down'))).toEqual(['n1', 'n2']);
    expect(parseProvisioned('No available nodes for provision.\n')).toEqual([]);
  });

  it('takes a capture for done by its last line only', () => {
    expect(isCaptureDone(out('imgcapture'))).toBe(true);
    expect(isCaptureDone(out('imgcapture-genimage'))).toBe(false);
    expect(isCaptureDone('')).toBe(false);
    expect(captureStage(out('imgcapture-genimage'))).toBe('brings the image back');
    expect(captureStage('')).toBe('has printed nothing yet');
  });
});
