import { openCatalog } from '../../src/catalog/create-catalog.ts';
import { createLeasedTurns } from '../../src/power/leased-turns.ts';

/** Takes a turn at a controller, says so, and keeps it until it is killed. Arguments: database, controller, milliseconds of the lease. */
const [databaseUrl = '', name = '', leaseMs = ''] = process.argv.slice(2);
const catalog = openCatalog({ databaseUrl });
const times = { leaseMs: Number(leaseMs), pollMs: 50, patienceMs: 10_000 };
const turns = createLeasedTurns(catalog.bmcTurns, `child pid ${String(process.pid)}`, times);
const context = { signal: new AbortController().signal, progress: () => undefined };
await turns.during({ name, restMs: 0 }, context, async () => {
  process.stdout.write('taken\n');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
});
