import type { CallContext } from '../../domain/call-context.ts';
import type { Shell } from '../../remote/shell.ts';
import type { AccessRequest, UserAccess } from '../user-access.ts';

/** `port jane 192.0.2.9`; without a user nobody is let in. */
const ACCESS = '/etc/imprint/ssh-access';
const GUEST_MS = 60_000;

/** A line of a file says who is let in; every account is there. */
export const simulatedUserAccess: UserAccess = {
  async check(shell, _request, { signal }) {
    await shell.run('files', [], { signal, timeoutMs: GUEST_MS });
    return [];
  },
  async open(shell, request, context) {
    const { port, user, from, managers } = request;
    await write(shell, 'openAccess', `${String(port)} ${user} ${from}\n`, context);
    return { tasks: [], users: [from], managers };
  },
  async close(shell, { port, managers }: AccessRequest, context) {
    await write(shell, 'closeAccess', `${String(port)}\n`, context);
    return { tasks: [], users: [], managers };
  },
};

async function write(shell: Shell, action: string, line: string, { signal }: CallContext): Promise<void> {
  const stdin = JSON.stringify({ set: { [ACCESS]: line }, remove: [] });
  await shell.run('change', [action], { signal, timeoutMs: GUEST_MS, stdin });
}
