import type { PowerValue } from '../../domain/power.ts';

/** The words of `rpower stat` by driver (ipmi, openbmc, hmc), in lower case. `quiesced`: openbmc, the host has stopped by an error. */
const words: Readonly<Record<string, PowerValue>> = {
  on: 'on',
  running: 'on',
  off: 'off',
  'not activated': 'off',
  'powered down': 'off',
  suspend: 'suspended',
  suspended: 'suspended',
  // The chassis has power, its host does not run yet.
  'on (chassis)': 'turning-on',
  starting: 'turning-on',
  'shutting down': 'turning-off',
  quiesced: 'crashed',
};

/** The reading that `rpower NODE stat` printed; a word that no driver is known to print is `unknown`. */
export function powerOfWord(word: string): PowerValue {
  return words[word.trim().toLowerCase()] ?? 'unknown';
}
