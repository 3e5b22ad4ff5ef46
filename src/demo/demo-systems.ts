import type { DemoSystem } from './demo-system.ts';
import { libvirtDemo, simulatedDemo } from './machines.ts';

/** The systems that the demo shows, by the names that computers use for them. */
export const demoSystems: Readonly<Record<string, DemoSystem>> = {
  libvirt: libvirtDemo,
  simulated: simulatedDemo,
};

/** Without `--system`. */
export const shownByDefault = 'libvirt';
