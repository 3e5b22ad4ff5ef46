import { describe } from 'vitest';
import { describeProvisioner } from '../../support/provisioner-suite.ts';
import { createXcatFixture } from '../../support/xcat-fixture.ts';

describe('with images of an imaging environment', () => {
  describeProvisioner('xcat', () => createXcatFixture('repository'));
});

describe('with images of imgcapture', () => {
  describeProvisioner('xcat', () => createXcatFixture('rootimg'));
});
