import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { checkTasks, parseTaskReport, taskFunctions } from '../../../../src/os/linux/task-report.ts';

function run(script: string): { stdout: string; exitCode: number | undefined } {
  const { stdout, exitCode } = execaSync('sh', ['-c', `${taskFunctions}\n${script}`], { reject: false });
  return { stdout, exitCode };
}

describe('the report of a script', () => {
  it('says of each task what it did, and how long that took', () => {
    const { stdout } = run(`
      nothing() { :; }
      something() { changed 'one thing'; echo noise; note "and	a tab
and a line"; }
      without() { skipped 'not installed'; }
      task first nothing
      task second something
      task third without`);

    expect(parseTaskReport(stdout)).toEqual([
      { task: 'first', outcome: 'unchanged', detail: 'nothing to do', durationMs: expect.any(Number) as number },
      {
        task: 'second',
        outcome: 'changed',
        detail: 'one thing; and a tab and a line',
        durationMs: expect.any(Number) as number,
      },
      { task: 'third', outcome: 'skipped', detail: 'not installed', durationMs: expect.any(Number) as number },
    ]);
  });

  it('keeps a failure over what was changed before and after it, and goes on with the next task', () => {
    const { stdout } = run(`
      half() { changed a; fail b; changed c; }
      status() { return 3; }
      task half half
      task status status
      echo failures=$failures`);

    expect(parseTaskReport(stdout)).toMatchObject([
      { task: 'half', outcome: 'failed', detail: 'a; b; c' },
      { task: 'status', outcome: 'failed', detail: 'ended with status 3' },
    ]);
    expect(stdout).toContain('failures=2');
  });

  it('ends at a required task that failed', () => {
    const { stdout, exitCode } = run(`
      bad() { fail no; }
      required one bad
      task two bad`);

    expect(parseTaskReport(stdout)).toHaveLength(1);
    expect(exitCode).toBe(1);
  });

  it('is an error that names the tasks which failed or are missing, but not those that may fail', () => {
    const { stdout } = run(`bad() { fail 'the reason'; }\ntask one bad\ntask two bad`);
    const tasks = parseTaskReport(stdout);

    expect(() => {
      checkTasks('could not prepare', tasks, ['one', 'two', 'three'], ['two']);
    }).toThrow('could not prepare: one (the reason), three (not done)');
    expect(() => {
      checkTasks('could not prepare', tasks, ['one', 'two'], ['one', 'two']);
    }).not.toThrow();
  });
});
