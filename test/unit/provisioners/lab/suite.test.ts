import { describeProvisioner } from '../../../support/provisioner-suite.ts';
import { createLabFixture } from '../../../support/lab-fixture.ts';

describeProvisioner('lab', () => Promise.resolve(createLabFixture()));
