import { describeProvisioner } from '../../../support/provisioner-suite.ts';
import { createSimulatedFixture } from '../../../support/simulated-fixture.ts';

describeProvisioner('simulated', () => createSimulatedFixture());
