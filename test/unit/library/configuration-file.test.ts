import { describe, expect, it } from 'vitest';
import { configurationFault } from '../../../src/library/configuration-file.ts';

const faultOf = (content: string | Uint8Array, expected?: number): string | undefined => {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return configurationFault(bytes, expected ?? bytes.byteLength);
};

describe('the configuration of an image', () => {
  it('is a text of the size that was staged', () => {
    expect(faultOf('router ospf\n')).toBeUndefined();
    expect(faultOf('Zürich\n')).toBeUndefined();
    expect(faultOf('router ospf\n', 5)).toBe('it has 12 bytes, 5 are expected');
  });

  it('is not empty, which tools apply without a word, and nothing but text', () => {
    expect(faultOf('')).toBe('it is empty');
    expect(faultOf(' \n\n')).toBe('it is empty');
    expect(faultOf(new Uint8Array([0xff, 0xfe]))).toContain('no UTF-8');
    expect(faultOf('a\0b')).toContain('byte 0');
  });
});
