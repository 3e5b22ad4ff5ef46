import { describe, expect, it } from 'vitest';
import { masterBootRecord } from '../../../src/platform/guest/disk.ts';
import { guestFiles } from '../../../src/platform/guest/files.ts';
import { guestRecipe, guestRootUuid, recipeId } from '../../../src/platform/guest/recipe.ts';

describe('the guest image', () => {
  it('has an active partition from 1 MiB to the end of the disk, and keeps the boot code', () => {
    const record = masterBootRecord(Buffer.alloc(512, 0x90), 2 * 1024 ** 3);

    expect(record.subarray(0, 440)).toEqual(Buffer.alloc(440, 0x90));
    expect([record[446], record[450]]).toEqual([0x80, 0x83]);
    expect([record.readUInt32LE(454), record.readUInt32LE(458)]).toEqual([2_048, 4_194_304 - 2_048]);
    expect(record.readUInt16LE(510)).toBe(0xaa55);
  });

  it('is another one for every other recipe, and the same for an equal one', () => {
    const recipe = guestRecipe(guestFiles(guestRootUuid, 'ssh-ed25519 AAAA'));

    expect(recipeId(guestRecipe(guestFiles(guestRootUuid, 'ssh-ed25519 AAAA\n')))).toBe(recipeId(recipe));
    expect(recipeId(guestRecipe(guestFiles(guestRootUuid, 'ssh-ed25519 BBBB')))).not.toBe(recipeId(recipe));
    expect(recipeId({ ...recipe, diskBytes: 1 })).not.toBe(recipeId(recipe));
  });

  it('finds its root by UUID, on any bus, and has neither identity nor password', () => {
    const files = new Map(guestFiles(guestRootUuid, 'ssh-ed25519 AAAA').map(({ path, content }) => [path, content]));

    expect(files.get('/etc/fstab')).toContain(`UUID=${guestRootUuid}`);
    expect(files.get('/boot/grub/grub.cfg')).toContain(`root=UUID=${guestRootUuid}`);
    expect(files.get('/etc/machine-id')).toBe('');
    expect(files.get('/etc/ssh/sshd_config.d/imprint.conf')).toContain('PasswordAuthentication no');
  });
});
