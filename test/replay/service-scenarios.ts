import { dirname, join } from 'node:path';
import { ruleSet, startFilter, type Filter } from '../support/network-service-fixture.ts';
import { addService, introduceServices } from '../support/service-nodes.ts';
import type { Recorder, Scenario } from './scenario.ts';

/** What has no operating system and is never shut down: rule sets of nftables in network namespaces. Needs root and nft. */
export const serviceScenarios: readonly Scenario[] = [
  {
    workflow: 'captureImage',
    name: 'service-goes-on',
    run: async ({ imprint }) => {
      const filter = await addFilter(imprint);
      return await closing(await captureOf(imprint, filter.namespace), [filter]);
    },
  },
  {
    workflow: 'loadNode',
    name: 'service-loaded',
    run: async ({ imprint }) => {
      const [source, target] = [await addFilter(imprint), await addFilter(imprint)];
      await target.nft(['flush', 'ruleset']);
      const captured = await captureOf(imprint, source.namespace);
      await captured.result();
      const run = await imprint.client.startLoad({ node: target.namespace, image: 'filter' });
      return await closing(run, [source, target]);
    },
  },
];

type Imprint = Recorder['imprint'];
type Run = Awaited<ReturnType<Scenario['run']>>;

async function addFilter(imprint: Imprint): Promise<Filter> {
  await introduceServices(imprint);
  const filter = await startFilter(ruleSet);
  const { namespace } = filter;
  const file = join(dirname(imprint.library), `${namespace}.conf`);
  await addService(imprint, namespace, { service: 'nftables', namespace, file });
  return filter;
}

async function captureOf({ client }: Imprint, node: string): Promise<Run> {
  return await client.startCapture({ node, image: 'filter', operatingSystem: 'nftables', after: 'powerOn' });
}

/** The namespaces go once the run is over. */
async function closing({ id, result }: Run, filters: readonly Filter[]): Promise<Run> {
  return await Promise.resolve({
    id,
    result: async () => {
      try {
        return await result();
      } finally {
        for (const filter of filters) await filter.close();
      }
    },
  });
}
