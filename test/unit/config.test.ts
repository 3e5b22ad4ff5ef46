import { describe, expect, it } from 'vitest';
import { loadWorkerConfig } from '../../src/config.ts';

const needed = {
  DATABASE_URL: 'postgres://localhost/imprint',
  IMPRINT_MANAGEMENT_NODE: 'mn-1',
  IMPRINT_LIBRARY: '/srv/library',
};
const withParameters = (words: string) => loadWorkerConfig({ ...needed, IMPRINT_IMAGING_KERNEL_PARAMETERS: words });

describe('parameters for the kernel of the imaging environment', () => {
  it('are words as kernels take them', () => {
    const words = 'nomodeset console=ttyS1,115200n8 pci=nomsi usb-storage.quirks=0bc2:2312:u';
    expect(withParameters(words).IMPRINT_IMAGING_KERNEL_PARAMETERS).toBe(words);
    expect(loadWorkerConfig(needed).IMPRINT_IMAGING_KERNEL_PARAMETERS).toBeUndefined();
  });

  it.each(['quiet\nshell', 'a || shell', 'x=${netX/mac}', 'a  b', ' a', ''])(
    'are refused where the boot script would not hand them on as they are: %j',
    (words) => {
      expect(() => withParameters(words)).toThrow(/IMPRINT_IMAGING_KERNEL_PARAMETERS.*expected words/s);
    },
  );

  it('are refused where they would speak for the management node', () => {
    expect(() => withParameters('nomodeset imprint.api=https://192.0.2.1')).toThrow(/those of the environment/);
  });
});
