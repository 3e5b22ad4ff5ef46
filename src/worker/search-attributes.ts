import { temporal } from '@temporalio/proto';
import type { NativeConnection } from '@temporalio/worker';
import { ConflictError, UnavailableError } from '../domain/errors.ts';
import { searchAttributes } from '../domain/search-attributes.ts';

const keyword = temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

/**
 * Registers the search attributes that are missing, where this worker may. An unregistered one would fail the workflow task of every run,
 * again and again, so a worker that cannot have them refuses to start: ConflictError with the command to run.
 */
export async function ensureSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const missing = await findMissing(connection, namespace);
  if (missing.length === 0) return;
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
    });
  } catch (cause) {
    throw new ConflictError(
      `namespace ${namespace} lacks the search attributes ${missing.join(', ')}; register them with: ${command(namespace, missing)}`,
      { cause },
    );
  }
}

async function findMissing(connection: NativeConnection, namespace: string): Promise<readonly string[]> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return Object.keys(searchAttributes).filter((name) => customAttributes[name] !== keyword);
  } catch (cause) {
    throw new UnavailableError(`read the search attributes of namespace ${namespace}`, { cause });
  }
}

function command(namespace: string, names: readonly string[]): string {
  const flags = names.map((name) => `--name ${name} --type Keyword`).join(' ');
  return `temporal operator search-attribute create --namespace ${namespace} ${flags}`;
}
