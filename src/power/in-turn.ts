import type { CallContext } from '../domain/call-context.ts';
import type { Bmc } from './bmc.ts';
import type { BmcTurns } from './bmc-turns.ts';

/** The controller, each of whose commands waits for its turn. */
export function inTurn(bmc: Bmc, turns: BmcTurns, restSeconds: number): (context: CallContext) => Bmc {
  const address = { name: bmc.subject, restMs: restSeconds * 1_000 };
  return (context) => ({
    subject: bmc.subject,
    read: () => turns.during(address, context, (signal) => bmc.read(signal)),
    send: (action) => turns.during(address, context, (signal) => bmc.send(action, signal)),
    readBootTarget: () => turns.during(address, context, (signal) => bmc.readBootTarget(signal)),
    sendBootTarget: (choice) => turns.during(address, context, (signal) => bmc.sendBootTarget(choice, signal)),
  });
}
