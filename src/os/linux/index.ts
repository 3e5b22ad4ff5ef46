import type { OperatingSystem, OperatingSystemOptions } from '../operating-system.ts';
import { noSite } from '../site.ts';
import { markTainted, readCurrentImage } from './current-image.ts';
import { hostKeysOnConsole } from './first-boot.ts';
import { postLoad } from './post-load.ts';
import { preReload, reboot, shutdown } from './power.ts';
import { preCapture } from './pre-capture.ts';
import { linuxUserAccess } from './user-access.ts';
import { sealChecks } from './seal-checks.ts';
import { seal } from './seal.ts';

/** Linux with systemd: Debian and Ubuntu. What differs on other distributions is in a Distribution of its own. */
export function createLinux(options: OperatingSystemOptions = {}): OperatingSystem {
  const additions = { site: options.site ?? noSite, scriptSeconds: options.siteScriptSeconds ?? 300 };
  const sshSources = options.sshSources ?? [];
  return {
    name: 'linux',
    currentImage: readCurrentImage,
    preCapture: (shell, request, context) => preCapture(shell, { ...request, additions }, context),
    seal,
    postLoad: (shell, request, context) => postLoad(shell, { ...request, additions, sshSources }, context),
    preReload,
    markTainted,
    shutdown,
    reboot,
    hostKeysOnConsole,
    sealChecks,
    userAccess: linuxUserAccess,
  };
}
