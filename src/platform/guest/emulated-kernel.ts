/**
 * Parameters for the kernel of a machine that QEMU may have to emulate: it translates a program anew for each address at which it is loaded,
 * so that a shell and what it starts take a third of the time where they are always loaded at the same one; and mitigations cost much. Only
 * for guests of tests, demos and benchmarks: a real machine gains nothing from the first.
 */
export const emulatedKernel: readonly string[] = ['mitigations=off', 'norandmaps'];
