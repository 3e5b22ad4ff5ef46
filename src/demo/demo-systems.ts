import { baremetalDemo } from './baremetal.ts';
import type { DemoSystem } from './demo-system.ts';
import { labDemo } from './lab.ts';
import { libvirtDemo, simulatedDemo } from './machines.ts';
import { networkServiceDemo } from './network-service.ts';
import { xcatDemo } from './xcat.ts';

/** The systems that the demo shows, by the names that computers use for them. */
export const demoSystems: Readonly<Record<string, DemoSystem>> = {
  baremetal: baremetalDemo,
  lab: labDemo,
  libvirt: libvirtDemo,
  'network-service': networkServiceDemo,
  simulated: simulatedDemo,
  xcat: xcatDemo,
};

/** Without `--system`. */
export const shownByDefault = 'libvirt';
