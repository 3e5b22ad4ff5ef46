import type { Command } from 'commander';
import prettyBytes from 'pretty-bytes';
import { addCommand, addGroup } from '../command.ts';
import { readWorkerConfig } from '../connect.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';

export function addImagingCommands(program: Command, session: Session): void {
  const group = addGroup(program, 'imaging', {
    summary: 'the environment that machines boot over the network to be captured and loaded',
    examples: ['imprint imaging build', 'imprint imaging script > /srv/tftp/boot.ipxe'],
  });
  addCommand(group, 'build', {
    summary: 'build the environment of this management node anew, with the packages that Debian has today',
    examples: ['imprint imaging build'],
  }).action(async (options: OutputOptions) => {
    const { buildImaging } = await import('../../worker/imaging.ts');
    const built = await buildImaging(await readWorkerConfig());
    const { digest, kernelVersion, initrdBytes } = built;
    const words = `Built ${digest}: Linux ${kernelVersion}, initramfs of ${prettyBytes(initrdBytes, { binary: true })}.`;
    printResult(session, options, built, words);
  });
  addCommand(group, 'script', {
    summary: 'print the first iPXE script, to be put where the DHCP server of the machines points',
    examples: ['imprint imaging script > /srv/tftp/boot.ipxe'],
  }).action(async (options: OutputOptions) => {
    const { bootScript } = await import('../../worker/imaging.ts');
    const script = bootScript(await readWorkerConfig());
    printResult(session, options, { script }, script.trimEnd());
  });
}
