import type { Mutation } from './mutation.ts';

/** Each is a mistake that a program of this kind is known to make. */
export const mutations: readonly Mutation[] = [
  {
    name: 'undo-after-action',
    about: 'the undo of a step is registered when its action has succeeded, not before it begins',
    changes: [
      {
        file: 'src/workflows/steps.ts',
        find: "    if ('undo' in back) {\n      // Of a step that begins anew on another management node there is one undo.\n      this.#undos = this.#undos.filter((earlier) => earlier.line.number !== number);\n      this.#undos.push({ line, shown, undo: back.undo, comesLast: back.givesUp !== undefined });\n    }\n",
        by: '',
      },
      {
        file: 'src/workflows/steps.ts',
        find: "        this.#list.mark(shown, 'done');\n        return result;\n",
        by: "        this.#list.mark(shown, 'done');\n        if ('undo' in back) this.#undos.push({ line, shown, undo: back.undo, comesLast: back.givesUp !== undefined });\n        return result;\n",
      },
    ],
    faults: ['answer lost'],
    settings: { copyBytesPerSecond: 400_000 },
  },
  {
    name: 'job-not-looked-for',
    about: 'a copy is started without looking for the one that an earlier attempt has started',
    changes: [
      {
        file: 'src/provisioners/simulated/world-job.ts',
        find: 'seen.running = job?.owner === fence.owner && !job.ended && job.died === undefined;',
        by: 'seen.running = false;',
      },
    ],
    faults: ['worker killed', 'answer lost'],
  },
  {
    name: 'publish-without-rename',
    about: 'an image is copied to its name in the library file by file, as big files are, and not renamed there',
    changes: [
      {
        file: 'src/library/publish.ts',
        find: 'mv -T -- "$directory" "$target"',
        by: 'mkdir -- "$target"; for file in "$directory"/*; do sleep 0.4; cp -- "$file" "$target"; done; rm -rf -- "$directory"',
      },
    ],
    faults: ['answer lost'],
  },
  {
    name: 'power-believed',
    about: 'a machine is taken to be off because it was asked to power off, and its power is not read',
    changes: [
      {
        file: 'src/activities/power.ts',
        find: "  try {\n    return await readUntil(task, 'off', defaultShutdownSeconds);\n",
        by: "  try {\n    return { value: 'off', raw: 'asked', at: new Date().toISOString() };\n",
      },
    ],
    faults: ['answer lost'],
    settings: { shutdownSeconds: 20 },
  },
  {
    name: 'no-fencing',
    about: 'nothing keeps a worker from acting whose work was given to another one: no epoch, no lease',
    changes: [
      {
        file: 'src/activities/lease.ts',
        find: '    if (lapsed.signal.aborted || longestSince(seen) <= limitMs) return;',
        by: '    if (limitMs > 0 && longestSince(seen) >= 0) return;',
      },
      {
        file: 'src/activities/lease.ts',
        find: 'const signal = AbortSignal.any([cancellation, lapsed.signal, givenUp.signal]);',
        by: 'const signal = givenUp.signal;',
      },
      {
        file: 'src/library/fenced.ts',
        find: '[ "$epoch" -ge "$seen" ] ||',
        by: 'true ||',
      },
      {
        file: 'src/provisioners/simulated/world.ts',
        find: '  if (epoch < seen) {',
        by: '  if (epoch < 0) {',
      },
      {
        file: 'src/provisioners/simulated/world-job.ts',
        find: '  if (job?.owner !== fence.owner || fence.epoch >= job.epoch) return;',
        by: '  if (job === undefined || fence.epoch >= 0) return;',
      },
    ],
    faults: ['worker frozen before a power-off'],
  },
  {
    name: 'job-killed-on-abort',
    about: 'whoever stops waiting for a copy, for whatever reason, ends it',
    changes: [
      {
        file: 'src/provisioners/simulated/world-job.ts',
        find: '    await pause(Math.min(POLL_MS, Math.max(1, left)), context.signal);',
        by: '    await pause(Math.min(POLL_MS, Math.max(1, left)), context.signal).catch(async (error: unknown) => {\n      await world.change(work.computer, {}, (found) => withJob(found, work.id, { ...job, died: true }));\n      throw error;\n    });',
      },
    ],
    faults: ['worker deployed anew', 'worker frozen'],
  },
  {
    name: 'no-proof-of-shutdown',
    about: 'a disk is copied as soon as the system was asked to power off, and its file system is not looked at',
    changes: [
      {
        file: 'src/provisioners/simulated/capture.ts',
        find: "  if (machine.power === 'off') return offEvidence(machine);",
        by: '  if (machine.power !== undefined) return offEvidence(machine);',
      },
      {
        file: 'src/activities/verify-and-publish.ts',
        find: '    refuseUnsealed(facts, checks);\n',
        by: '',
      },
      {
        file: 'src/activities/verify-and-publish.ts',
        find: "if (!staged.forced && fileSystem?.clean !== false) return { kind: 'clean', ...seen, ...unseen(fileSystem) };",
        by: "if (fileSystem?.type !== '') return { kind: 'clean', ...seen, ...unseen(fileSystem) };",
      },
    ],
    faults: ['answer lost'],
    settings: { shutdownSeconds: 20 },
  },
  {
    name: 'node-not-owned',
    about: 'a run takes a node although another one owns it',
    changes: [
      {
        file: 'src/catalog/claims.ts',
        find: 'const computer = await lockComputer(statements, claimant.node);\n        if (computer.claim && computer.claim.owner !== claimant.owner) throw ownedBy(computer, computer.claim.owner);',
        by: "const { claim, ...unclaimed } = await lockComputer(statements, claimant.node);\n        const taken = claim !== undefined && claim.owner !== claimant.owner;\n        if (unclaimed.name === '') throw ownedBy(unclaimed, '');\n        if (taken) await statements.rows('DELETE FROM claims WHERE computer_id = $1', [unclaimed.id]);\n        const computer: LockedComputer = claim === undefined || taken ? unclaimed : { ...unclaimed, claim };",
      },
    ],
    faults: ['answer lost'],
  },
];
