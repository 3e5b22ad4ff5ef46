import type { CallContext } from '../../domain/call-context.ts';
import type { Problem } from '../../domain/computer.ts';
import type { ServiceNode } from './node.ts';

/** What the host lacks of the programs that this kind of service is read and loaded with. */
export async function missingPrograms(node: ServiceNode, context: CallContext): Promise<readonly Problem[]> {
  const { shell, service } = node;
  const script = 'for program; do command -v -- "$program" >/dev/null || printf "%s\\n" "$program"; done';
  const options = { signal: context.signal, timeoutMs: 30_000 };
  const { stdout } = await shell.run('sh', ['-c', script, 'imprint-programs', ...service.programs], options);
  const missing = stdout.split('\n').filter((line) => line !== '');
  return missing.map((program) => ({ where: 'settings.host', problem: `${shell.host} has no ${program}` }));
}
