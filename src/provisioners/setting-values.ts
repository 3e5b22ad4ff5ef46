import { z } from 'zod';

/** A path on a host that a provisioner writes to: nothing of it depends on where a command runs. */
export const absolutePath = z
  .string()
  .regex(/^\/[^\p{Cc}]*$/u, 'expected an absolute path')
  .refine((path) => !path.split('/').includes('..'), 'expected a path without ..');

/** A name that is never taken for an option, a path or a pattern. */
export const word = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected letters, digits, dots, underscores and hyphens');
