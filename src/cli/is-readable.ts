import { access, constants } from 'node:fs/promises';

/** Whether the file is there and may be read. */
export async function isReadable(file: string): Promise<boolean> {
  return await access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
}
