import { describe, expect, it } from 'vitest';
import { withTag, withTaint } from '../../../../src/os/linux/current-image.ts';

const now = new Date('2026-03-04T05:06:07.890Z');
const text = 'web-v1\nid=7\nimagerevision_id=12\n';

describe('tags of currentimage.txt', () => {
  it('come last, replace an older one of the same name, and take blank lines away', () => {
    const tagged = 'web-v1\n\nvcld_post_load=success (2020-01-01 00:00:00)\nid=7\n \n';

    expect(withTag(tagged, 'vcld_post_load', 'success (now)')).toBe('web-v1\nid=7\nvcld_post_load=success (now)\n');
  });

  it('keep tags of other names', () => {
    expect(withTag('web-v1\nvcld_tainted=x (t)\n', 'vcld_post_load', 'y')).toBe(
      'web-v1\nvcld_tainted=x (t)\nvcld_post_load=y\n',
    );
  });

  it('name every reason why a system is tainted, once', () => {
    const once = withTaint(text, 'user may have logged in', now);
    const twice = withTaint(once, 'script, of\nan owner', now);

    expect(once).toBe(`${text}vcld_tainted=user may have logged in (2026-03-04 05:06:07)\n`);
    expect(twice).toBe(`${text}vcld_tainted=user may have logged in, script of an owner (2026-03-04 05:06:07)\n`);
    expect(withTaint(twice, 'user may have logged in', new Date(0))).toBe(twice);
  });
});
