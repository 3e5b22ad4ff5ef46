import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Config } from '../config.ts';

/** The page of a run in Temporal's UI; undefined where the UI's address is not known. */
export function runAddress(config: Pick<Config, 'IMPRINT_TEMPORAL_UI'>, id: string): string | undefined {
  const ui = config.IMPRINT_TEMPORAL_UI;
  if (ui === undefined) return undefined;
  const namespace = loadClientConnectConfig().namespace ?? 'default';
  return `${ui.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(id)}`;
}
