import type { CallContext } from '../domain/call-context.ts';
import type { Bmc } from './bmc.ts';
import type { BmcAddress, BmcTurns } from './bmc-turns.ts';

/** The machine, each of whose commands waits for a turn at its controller, which may have several machines. */
export function inTurn(bmc: Bmc, turns: BmcTurns, controller: BmcAddress): (context: CallContext) => Bmc {
  return (context) => ({
    subject: bmc.subject,
    read: () => turns.during(controller, context, (signal) => bmc.read(signal)),
    send: (action) => turns.during(controller, context, (signal) => bmc.send(action, signal)),
    readBootTarget: () => turns.during(controller, context, (signal) => bmc.readBootTarget(signal)),
    sendBootTarget: (choice) => turns.during(controller, context, (signal) => bmc.sendBootTarget(choice, signal)),
  });
}
