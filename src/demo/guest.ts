import { buildGuestImage, type GuestImage } from '../platform/guest-image.ts';
import { findAccelerator } from '../platform/kvm.ts';
import type { DemoScene } from './demo-system.ts';
import { writeSecrets } from './directories.ts';

/** The small guest of the demo's machines, and what they run it with. */
export interface PreparedGuest {
  readonly guest: GuestImage;
  readonly accelerator: 'kvm' | 'tcg';
}

/** Builds the guest where it is missing, and gives the worker the key that opens it. */
export async function prepareGuest({ platform, directories, reporter }: DemoScene): Promise<PreparedGuest> {
  const guest = await reporter.during('Preparing the guest image', async (detail) => {
    return await buildGuestImage({ directory: await platform.state.directory('guest'), report: detail });
  });
  await writeSecrets(directories, guest);
  const accelerator = await reporter.during(
    'Trying whether KVM works',
    async () => await findAccelerator({ kernel: guest.kernel, timeoutMs: 20_000 }),
  );
  return { guest, accelerator };
}
