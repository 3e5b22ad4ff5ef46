import { frrService } from './frr.ts';
import { nftablesService } from './nftables.ts';
import type { Service } from './service.ts';
import type { ServiceSettings } from './settings.ts';

/** The service that a computer's settings name. A kind without an entry does not compile. */
export function openService(settings: ServiceSettings): Service {
  switch (settings.service) {
    case 'frr':
      return frrService(settings);
    case 'nftables':
      return nftablesService(settings);
  }
}
