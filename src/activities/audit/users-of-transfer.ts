import type { Catalog } from '../../catalog/catalog.ts';
import { transferOwner, turnOfTransfer } from '../../domain/copy-transfer.ts';

/** The runs that bring a copy, or wait for it: who has the turn, who waits in line, and who has begun it and waits for an operator. */
export async function usersOfTransfer(
  { copyTransfers, slots }: Pick<Catalog, 'copyTransfers' | 'slots'>,
  owner: string,
): Promise<readonly string[]> {
  const line = (await slots.list()).find(({ resource }) => resource === turnOfTransfer(owner));
  const begun = (await copyTransfers.open()).filter((one) => transferOwner(one) === owner);
  return [...(line?.holders ?? []), ...(line?.queue ?? []), ...begun].map(({ run }) => run);
}
