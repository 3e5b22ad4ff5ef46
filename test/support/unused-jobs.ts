import type { Jobs } from '../../src/remote/job.ts';

const refuse = (): never => {
  throw new Error('a job was not expected here');
};

/** For what must be done without any job: every use fails the test. */
export const unusedJobs: Jobs = { ensure: refuse, read: refuse, wait: refuse, end: refuse };
