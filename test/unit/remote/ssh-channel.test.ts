import { EventEmitter } from 'node:events';
import type { NodeSSH, SSHExecCommandResponse } from 'node-ssh';
import { describe, expect, it } from 'vitest';
import { CommandFailedError, OutcomeUnknownError, UnavailableError } from '../../../src/domain/errors.ts';
import type { Execution } from '../../../src/remote/execution.ts';
import { executeOnChannel } from '../../../src/remote/ssh-channel.ts';

const command = { file: 'virsh', args: ['start', 'vm'], env: {}, stdin: undefined, text: 'virsh start vm' };

/** Stands where an open connection stands, and answers as node-ssh was seen to; real servers cannot be made to give every answer. */
function connectionThat(answer: () => Promise<SSHExecCommandResponse>, stillConnected = true): NodeSSH {
  const stand = { execCommand: answer, connection: new EventEmitter(), isConnected: () => stillConnected };
  return stand as unknown as NodeSSH;
}

function answerOf(code: number | null, signal: string | null): () => Promise<SSHExecCommandResponse> {
  return () => Promise.resolve({ code, signal, stdout: '', stderr: '' });
}

async function execute(ssh: NodeSSH, onNotBegun = () => undefined): Promise<Execution> {
  const signal = new AbortController().signal;
  return await executeOnChannel(ssh, { host: 'root@lab-07:22', command, signal, onNotBegun });
}

describe('the answer of a channel', () => {
  it('is an exit status, or the signal that killed the command', async () => {
    expect((await execute(connectionThat(answerOf(3, null)))).ending).toEqual({ exitCode: 3 });
    expect((await execute(connectionThat(answerOf(null, 'SIGKILL')))).ending).toEqual({ killedBy: 'SIGKILL' });
  });

  it('without status and without signal leaves the outcome unknown', async () => {
    await expect(execute(connectionThat(answerOf(null, null)))).rejects.toThrow(OutcomeUnknownError);
  });

  it('with a status, but from a connection that broke, leaves the outcome unknown: output may be missing', async () => {
    const ssh: NodeSSH = connectionThat(() => {
      ssh.connection?.emit('close');
      return answerOf(0, null)();
    });

    await expect(execute(ssh)).rejects.toThrow(OutcomeUnknownError);
  });

  it('that never comes because the connection closed leaves the outcome unknown', async () => {
    const ssh: NodeSSH = connectionThat(() => {
      setImmediate(() => ssh.connection?.emit('close'));
      return new Promise(() => undefined);
    });

    await expect(execute(ssh)).rejects.toThrow(OutcomeUnknownError);
  });
});

describe('a channel that does not open', () => {
  it.each([
    ['(SSH) Channel open failure: open failed', true, UnavailableError],
    ['Not connected', false, UnavailableError],
    ['Not connected to server', false, UnavailableError],
    ['No response from server', false, UnavailableError],
    ['Unable to exec', true, UnavailableError],
    ['Unable to exec', false, OutcomeUnknownError],
    ['Keepalive timeout', false, OutcomeUnknownError],
    ['read ECONNRESET', false, OutcomeUnknownError],
  ])('with "%s" (still connected: %s)', async (message, stillConnected, expected) => {
    let notBegun = 0;
    const ssh = connectionThat(() => Promise.reject(new Error(message)), stillConnected);

    const failure = execute(ssh, () => void (notBegun += 1));

    await expect(failure).rejects.toThrow(expected);
    await expect(failure).rejects.not.toThrow(CommandFailedError);
    expect(notBegun).toBe(expected === UnavailableError ? 1 : 0);
  });
});
