import { describe, expect, it } from 'vitest';
import { runTag } from '../../../../src/provisioners/libvirt/names.ts';
import { strayFiles, type FilesInUse } from '../../../../src/provisioners/libvirt/stray-files.ts';

const directory = '/var/lib/imprint/lab-07';
const [gone, live] = ['loadNode/lab-07/gone', 'loadNode/lab-07/live'];

/** All that a run leaves on a host when it is killed at its worst. */
const made = (run: string): readonly string[] => {
  const tag = runTag(run);
  const names = [`web-v3-${tag}-vda.qcow2`, `web-v3-${tag}-vdb.qcow2.part`, `console-${tag}.log`, `load-${tag}.xml`];
  return [...names, `outgoing-${tag}.xml`, `.jobs/${tag}-copy-vda`, `aside/${tag}`].map(
    (name) => `${directory}/${name}`,
  );
};
const own = ['.owner.json', '.lock', 'vda.qcow2', 'notes-2024.txt', '.jobs'].map((name) => `${directory}/${name}`);

const left = (paths: readonly string[], more: Partial<FilesInUse> = {}): readonly string[] =>
  strayFiles(paths, { directory, used: [], runs: [live], kept: false, ...more });

describe('what lies in a node directory', () => {
  it('is stray when a run has made it that owns nothing any more', () => {
    expect(left([...own, ...made(gone)])).toEqual(made(gone));
  });

  it('is not when the run may still own it, except what was set aside for nobody', () => {
    expect(left([...own, ...made(live)])).toEqual([`${directory}/aside/${runTag(live)}`]);
  });

  it('is not while the domain uses it, or what was set aside must be kept', () => {
    const [disk = ''] = made(gone);
    expect(left([disk], { used: [disk] })).toEqual([]);
    expect(left(made(gone), { kept: true })).toEqual(made(gone).slice(0, -1));
  });

  it('counts once when it was set aside with all that lies in it', () => {
    const aside = `${directory}/aside/${runTag(gone)}`;
    expect(left([aside, `${aside}/web-v2-${runTag(gone)}-vda.qcow2`])).toEqual([aside]);
  });
});
