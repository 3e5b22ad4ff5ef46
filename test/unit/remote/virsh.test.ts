import { describe, expect, it } from 'vitest';
import { errorChain, NotFoundError, UnavailableError } from '../../../src/domain/errors.ts';
import type { CommandResult, Shell } from '../../../src/remote/shell.ts';
import { createVirsh, parseDomainState, parseManagedSave, virshError } from '../../../src/remote/virsh.ts';
import { recorded } from '../../support/recorded.ts';

const { signal } = new AbortController();

function answer(exitCode: number, output: { stdout?: string; stderr?: string }): CommandResult {
  return { command: 'virsh', exitCode, stdout: '', stderr: '', durationMs: 1, ...output };
}

/** A shell whose virsh answers by its command, after `--quiet --connect URI`. */
function shellThat(answers: Readonly<Record<string, CommandResult>>): { shell: Shell; calls: string[][] } {
  const calls: string[][] = [];
  const shell: Shell = {
    host: 'test',
    run: async (_file, args) => {
      const [verb = '', ...rest] = args.slice(3);
      calls.push([verb, ...rest]);
      const found = answers[verb];
      if (found === undefined) throw new Error(`unexpected: ${args.join(' ')}`);
      return found;
    },
    upload: async () => undefined,
    download: async () => new Uint8Array(),
  };
  return { shell, calls };
}

const missing = answer(1, { stderr: recorded('virsh/missing.err') });

describe('reading a domain', () => {
  it.each([
    ['domstate-running', 'running', 'booted'],
    ['domstate-paused', 'paused', 'user'],
    ['domstate-destroyed', 'shut off', 'destroyed'],
    ['domstate-crashed', 'shut off', 'crashed'],
    ['domstate-failed', 'shut off', 'failed'],
    ['domstate-saved', 'shut off', 'saved'],
    ['domstate-shut-off-unknown', 'shut off', 'unknown'],
  ])('reads %s as %s because of %s', (name, state, reason) => {
    expect(parseDomainState(recorded(`virsh/${name}.out`))).toMatchObject({ state, reason });
  });

  it('keeps what it does not understand', () => {
    expect(parseDomainState('levitating\n')).toEqual({ state: 'levitating', reason: 'unknown', raw: 'levitating' });
  });

  it('tells saved memory from none', () => {
    expect(parseManagedSave(recorded('virsh/dominfo-saved.out'))).toBe(true);
    expect(parseManagedSave(recorded('virsh/dominfo.out'))).toBe(false);
  });

  it('says undefined for a domain that is not in the list', async () => {
    const { shell } = shellThat({ domstate: missing, dumpxml: missing, list: answer(0, { stdout: 'other\n\n' }) });
    const virsh = createVirsh(shell, 'qemu:///system');

    expect(await virsh.state('nix', signal)).toBeUndefined();
    expect(await virsh.definition('nix', signal)).toBeUndefined();
  });

  it('does not take a failed lookup for a missing domain', async () => {
    const { shell } = shellThat({ domstate: missing, list: answer(0, { stdout: 'nix\n' }) });

    await expect(createVirsh(shell, 'qemu:///system').state('nix', signal)).rejects.toThrow(UnavailableError);
  });
});

describe('acting on a domain', () => {
  it('takes a domain that runs already for started', async () => {
    const { shell } = shellThat({ start: answer(1, { stderr: recorded('virsh/start-active.err') }) });

    await expect(createVirsh(shell, 'qemu:///system').start('lab-07', signal)).resolves.toBeUndefined();
  });

  it('takes a domain that does not run for off', async () => {
    const { shell } = shellThat({
      destroy: answer(1, { stderr: recorded('virsh/destroy-not-running.err') }),
      shutdown: answer(1, { stderr: recorded('virsh/shutdown-not-running.err') }),
    });
    const virsh = createVirsh(shell, 'qemu:///system');

    await virsh.destroy('lab-07', signal);
    await virsh.shutdown('lab-07', signal);
  });

  it('takes a domain that is not there for off and undefined, but does not start it', async () => {
    const none = answer(0, { stdout: '\n' });
    const { shell } = shellThat({ destroy: missing, undefine: missing, start: missing, list: none });
    const virsh = createVirsh(shell, 'qemu:///system');

    await virsh.destroy('nix', signal);
    await virsh.undefine('nix', signal);
    await expect(virsh.start('nix', signal)).rejects.toThrow(NotFoundError);
  });

  it('passes the address and the domain as arguments of their own', async () => {
    const { shell, calls } = shellThat({ shutdown: answer(0, {}) });

    await createVirsh(shell, 'qemu:///session').shutdown('lab-07', signal);

    expect(calls).toEqual([['shutdown', 'lab-07', '--mode', 'acpi']]);
  });
});

describe('errors of virsh', () => {
  it.each([
    ['no-daemon', 'UnavailableError'],
    ['state-lock', 'UnavailableError'],
    ['connection-lost', 'OutcomeUnknownError'],
    ['missing', 'NotFoundError'],
    ['start-denied', 'ConflictError'],
    ['start-no-backing', 'ConflictError'],
    ['define-other-uuid', 'ConflictError'],
    ['define-no-file', 'CommandFailedError'],
  ])('reads %s as %s', (name, expected) => {
    const stderr = recorded(`virsh/${name}.err`);

    const error = virshError(['start', 'lab-07'], answer(1, { stderr }));

    expect(error.name).toBe(expected);
    expect(error.message).toBe('virsh could not start lab-07');
    expect(error.evidence['stderr']).toBe(stderr.trim());
    expect(errorChain(error)).toContain(stderr.trim().split('error: ').at(-1));
  });

  it('does not know whether a process that will not die is off', () => {
    const stderr =
      'error: Failed to destroy domain lab-07\nerror: Failed to terminate process 4711 with SIGKILL: Device or resource busy';

    expect(virshError(['destroy', 'lab-07'], answer(1, { stderr })).name).toBe('OutcomeUnknownError');
  });
});
