import { describe, beforeEach } from 'vitest';
import { createFrrFixture, createNftablesFixture } from '../../support/network-service-fixture.ts';
import { describeProvisioner } from '../../support/provisioner-suite.ts';
import { skipWithout } from '../../support/unavailable.ts';

beforeEach((context) => skipWithout(context, 'networkService'));

describe('with FRRouting', () => describeProvisioner('network-service', createFrrFixture));
describe('with nftables', () => describeProvisioner('network-service', createNftablesFixture));
