import type { Computer } from '../domain/computer.ts';
import { InvalidInputError } from '../domain/errors.ts';

/** Refuses a computer with every problem at once, each with its path. */
export type RefuseProblems = (computer: Computer) => void;

/** Loads what checks settings. `failed` begins the message: `lab-07 was not added`. */
export async function loadRefuseProblems(failed: string): Promise<RefuseProblems> {
  // Provisioners bring libraries that other commands do without.
  const { settingsProblems } = await import('../worker/check-settings.ts');
  return (computer) => {
    const problems = settingsProblems(computer);
    if (problems.length === 0) return;
    const lines = problems.map(({ where, problem }) => `  ${where}: ${problem}`);
    throw new InvalidInputError(`${failed}; what is wrong with it:\n${lines.join('\n')}`, { evidence: { problems } });
  };
}
