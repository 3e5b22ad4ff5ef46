import { directoryStore } from '../../../../src/provisioners/simulated/directory-store.ts';

/** Adds 1 to a number in a store, as often as it is told to: run by tests as processes of their own. */
const [directory = '', times = '0'] = process.argv.slice(2);
const store = directoryStore(directory);
for (let time = 0; time < Number(times); time += 1) {
  await store.update('nodes/counter', (text) => ({ text: String(Number(text ?? '0') + 1), result: undefined }));
}
