/**
 * Parameters for the kernel of a machine that QEMU emulates: it translates a program anew for each address at which it is loaded, so that a
 * shell and what it starts take a third of the time where they are loaded at the same one; mitigations of what an emulated processor has not
 * cost too. No real machine gains from the first.
 */
export const emulatedKernel: readonly string[] = ['mitigations=off', 'norandmaps'];
