import { describe, expect, it } from 'vitest';
import { createProvisioners } from '../../../src/provisioners/registry.ts';
import { createSimulatedProvisioner } from '../../../src/provisioners/simulated/index.ts';
import { createSimulatedWorld } from '../../../src/provisioners/simulated/world.ts';

describe('the registry of provisioners', () => {
  it('makes each when it is first asked for, and once', () => {
    let made = 0;
    const provisioners = createProvisioners({
      baremetal: () => {
        throw new Error('nobody asked for baremetal');
      },
      lab: () => {
        throw new Error('nobody asked for lab');
      },
      libvirt: () => {
        throw new Error('nobody asked for libvirt');
      },
      'network-service': () => {
        throw new Error('nobody asked for network-service');
      },
      simulated: () => {
        made += 1;
        return createSimulatedProvisioner(createSimulatedWorld({ seed: 'a' }));
      },
      xcat: () => {
        throw new Error('nobody asked for xcat');
      },
    });
    expect(made).toBe(0);
    expect(provisioners.get('simulated')).toBe(provisioners.get('simulated'));
    expect(made).toBe(1);
    expect(() => provisioners.get('steam')).toThrow(/steam: there are baremetal, .*lab, libvirt, .*simulated/);
    expect(() => provisioners.get('toString')).toThrow(/there are/);
  });
});
