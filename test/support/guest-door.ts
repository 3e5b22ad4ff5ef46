import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** A command that sshd has handed over: from which port its connection came, its words, and its input. */
export interface GuestCommand {
  readonly from: number;
  readonly words: readonly string[];
  readonly stdin: string;
}

/** Where a real sshd hands its commands to this process, so that something simulated can carry them out. */
export interface GuestDoor {
  /** For sshd_config's ForceCommand. */
  readonly script: string;
  stop(): Promise<void>;
}

/** `carryOut` gives what the command prints; when it throws, the command fails and prints the error. Input is a single line. */
export async function openGuestDoor(
  script: string,
  carryOut: (command: GuestCommand) => Promise<string>,
): Promise<GuestDoor> {
  const server = createServer(
    (socket) =>
      void answer(
        socket.on('error', () => undefined),
        carryOut,
      ),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await writeFile(script, handOver((server.address() as AddressInfo).port));
  await chmod(script, 0o755);
  return {
    script,
    stop: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

function handOver(port: number): string {
  return `#!/bin/bash
stdin=$(cat)
exec 3<>/dev/tcp/127.0.0.1/${String(port)} || exit 1
printf '%s\\n' "$SSH_CONNECTION" "$SSH_ORIGINAL_COMMAND" "$stdin" >&3
read -r status <&3 || exit 1
[ "$status" = 0 ] || exec cat <&3 >&2
exec cat <&3
`;
}

async function answer(socket: Socket, carryOut: (command: GuestCommand) => Promise<string>): Promise<void> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: socket })) {
    lines.push(line);
    if (lines.length === 3) break;
  }
  const [connection = '', command = '', stdin = ''] = lines;
  // `env 'LC_ALL=C' files`: the remote side puts this before each command; words of these systems need no quotes.
  const words = command.split(' ').slice(2);
  try {
    socket.end(`0\n${await carryOut({ from: Number(connection.split(' ')[1]), words, stdin })}`);
  } catch (error) {
    socket.end(`1\n${String(error)}\n`);
  }
}
