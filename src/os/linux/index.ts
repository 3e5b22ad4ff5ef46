import type { OperatingSystem } from '../operating-system.ts';
import { markTainted, readCurrentImage } from './current-image.ts';
import { hostKeysOnConsole } from './first-boot.ts';
import { postLoad } from './post-load.ts';
import { preReload, reboot, shutdown } from './power.ts';
import { preCapture } from './pre-capture.ts';
import { sealChecks } from './seal-checks.ts';
import { seal } from './seal.ts';

/** Linux with systemd: Debian and Ubuntu. What differs on other distributions is in a Distribution of its own. */
export function createLinux(): OperatingSystem {
  return {
    name: 'linux',
    currentImage: readCurrentImage,
    preCapture,
    seal,
    postLoad,
    preReload,
    markTainted,
    shutdown,
    reboot,
    hostKeysOnConsole,
    sealChecks,
  };
}
