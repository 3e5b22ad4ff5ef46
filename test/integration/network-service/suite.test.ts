import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { configuredByHand, createFrrFixture, createNftablesFixture } from '../../support/network-service-fixture.ts';
import { describeProvisioner } from '../../support/provisioner-suite.ts';
import { startRouter, type Router } from '../../support/router.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';

beforeEach((context) => skipWithout(context, 'networkService'));

describe('with FRRouting', () => {
  let source: Router;
  const started: Router[] = [];
  beforeAll(async () => {
    if (whyUnavailable('networkService') !== undefined) return;
    source = await startRouter();
    started.push(source);
    await source.configure(...configuredByHand);
  });
  afterAll(async () => {
    for (const router of started) await router.close();
  });

  describeProvisioner('network-service', async () => await createFrrFixture(source));
});

describe('with nftables', () => describeProvisioner('network-service', createNftablesFixture));
