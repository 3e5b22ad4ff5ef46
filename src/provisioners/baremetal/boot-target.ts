import type { CallContext } from '../../domain/call-context.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { BootTargetReading } from '../../power/power-module.ts';
import type { Machine } from './machine.ts';

/**
 * Until it is set back: a machine that is reset while its disk is read or written must come back to the environment, not to a disk that is sealed or half
 * written. A controller that forgets it after one start is asked again at each start that this run makes.
 */
export async function bootFromNetwork({ power, computer }: Machine, context: CallContext): Promise<Evidence> {
  return evidenceOf(await power.setBootTarget(computer, { target: 'network', lasting: 'until changed' }, context));
}

/** Sets it back, and reads it back: controllers are known that keep what was set for once. Set already: success. */
export async function bootFromDisk({ power, computer }: Machine, context: CallContext): Promise<Evidence> {
  return evidenceOf(await power.setBootTarget(computer, { target: 'disk', lasting: 'until changed' }, context));
}

function evidenceOf({ target, lasting, raw, at }: BootTargetReading): Evidence {
  return { bootTarget: target, ...(lasting === undefined ? {} : { lasting }), raw, at };
}
