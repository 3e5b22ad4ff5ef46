import type { Connection } from '@temporalio/client';
import { UnavailableError } from '../domain/errors.ts';
import { searchAttributes } from '../domain/search-attributes.ts';

/** The numbers of `temporal.api.enums.v1.IndexedValueType`, by the names that the command line takes. */
const indexedValueTypes = { Text: 1, Keyword: 2, Int: 3, Double: 4, Bool: 5, Datetime: 6, KeywordList: 7 } as const;

/** `--search-attribute Name=Type` for each, as a dev server takes them. */
export function searchAttributeArguments(): readonly string[] {
  return Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]);
}

/** The command with which an administrator registers them. */
export function registerCommand(names: readonly string[], namespace: string): string {
  const pairs = Object.entries(searchAttributes).filter(([name]) => names.includes(name));
  const flags = pairs.flatMap(([name, type]) => ['--name', name, '--type', type]);
  return ['temporal operator search-attribute create --namespace', namespace, ...flags].join(' ');
}

/** The names of ours that the namespace does not know. Temporal fails a workflow task again and again when one is missing. */
export async function missingSearchAttributes(
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<readonly string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.keys(searchAttributes).filter((name) => !(name in customAttributes));
}

/**
 * Registers the missing ones; does nothing when there are none. Throws UnavailableError with the command to run when the server does not let
 * us (Temporal Cloud; a front end without the operator service).
 */
export async function ensureSearchAttributes(
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<void> {
  const missing = await missingSearchAttributes(connection, namespace);
  if (missing.length === 0) return;
  const wanted = Object.entries(searchAttributes).filter(([name]) => missing.includes(name));
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(wanted.map(([name, type]) => [name, indexedValueTypes[type]])),
    });
  } catch (cause) {
    throw new UnavailableError(
      `could not register search attributes in namespace ${namespace}; run: ${registerCommand(missing, namespace)}`,
      { cause, evidence: { missing } },
    );
  }
}
