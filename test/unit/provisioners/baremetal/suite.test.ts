import { createBaremetalFixture } from '../../../support/baremetal-fixture.ts';
import { describeProvisioner } from '../../../support/provisioner-suite.ts';

describeProvisioner('baremetal', createBaremetalFixture);
