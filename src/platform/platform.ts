import { ensurePrivateLibvirt, stopPrivateLibvirt } from './libvirt-daemons.ts';
import { ensureSystemPackages, type SystemNeed } from './packages.ts';
import { ensurePostgres, stopLocalPostgres } from './postgres.ts';
import { createProgressReporter, type ProgressReporter } from './progress.ts';
import { openStateDirectory, type StateDirectory } from './state-directory.ts';
import { ensureTemporal, stopLocalTemporal } from './temporal-server.ts';

export interface PlatformRequest {
  /** Path; by default IMPRINT_STATE_DIR, or `.imprint` of the checkout. */
  readonly stateDirectory?: string;
  /** What is needed beside Temporal and PostgreSQL. */
  readonly needs?: PlatformNeeds;
  readonly report?: ProgressReporter;
}

export interface PlatformNeeds {
  /** System packages, by what they are for. */
  readonly packages?: readonly SystemNeed[];
  /** A libvirt daemon of this state directory alone; its packages are seen to. */
  readonly libvirt?: boolean;
}

export interface Platform {
  readonly state: StateDirectory;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** Absent when Temporal was configured and its UI's address is unknown (TEMPORAL_UI_URL). */
  readonly temporalUiUrl?: string;
  readonly databaseUrl: string;
  /** Present when it was needed. */
  readonly libvirtUri?: string;
  /** Environment by which workers and clients reach all of it. Holds the database's password: never an argument, never logged. */
  readonly environment: Readonly<Record<string, string>>;
  /** For people: one line for each service, free of secrets. */
  readonly summary: readonly string[];
  /** Stops, newest first, what this call started; what was there already stays. Each is stopped even if another cannot be. */
  stop(): Promise<void>;
}

type Stop = () => Promise<void>;

/**
 * Brings up what Imprint stands on: finds or starts a Temporal server and PostgreSQL, and where they are needed system packages and
 * libvirt. May be called again at any time; the second call finds what the first one started. When one part fails, what was started before
 * it is stopped again.
 */
export async function startPlatform(request: PlatformRequest = {}): Promise<Platform> {
  const report = request.report ?? createProgressReporter();
  const state = await openStateDirectory(request.stateDirectory);
  const stops: Stop[] = [];
  try {
    return await start(state, { needs: request.needs ?? {}, report, stops });
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

/** Stops every service of a state directory, whoever started it. */
export async function stopPlatform(stateDirectory?: string): Promise<void> {
  const state = await openStateDirectory(stateDirectory);
  await stopAll([() => stopLocalPostgres(state), () => stopLocalTemporal(state), () => stopPrivateLibvirt(state)]);
}

interface Start {
  readonly needs: PlatformNeeds;
  readonly report: ProgressReporter;
  readonly stops: Stop[];
}

async function start(state: StateDirectory, { needs, report, stops }: Start): Promise<Platform> {
  await ensureSystemPackages([...(needs.libvirt === true ? (['vm'] as const) : []), ...(needs.packages ?? [])], report);
  const temporal = await ensureTemporal(state, report);
  stops.push(temporal.stop);
  const database = await ensurePostgres(state, report);
  stops.push(database.stop);
  const libvirt = needs.libvirt === true ? await ensurePrivateLibvirt(state, report) : undefined;
  if (libvirt !== undefined) stops.push(libvirt.stop);
  return {
    state,
    temporalAddress: temporal.address,
    temporalNamespace: temporal.namespace,
    ...(temporal.uiUrl === undefined ? {} : { temporalUiUrl: temporal.uiUrl }),
    databaseUrl: database.databaseUrl,
    ...(libvirt === undefined ? {} : { libvirtUri: libvirt.uri }),
    environment: { ...temporal.environment, DATABASE_URL: database.databaseUrl },
    summary: [
      `Temporal    ${temporal.address}, ${temporal.origin}`,
      ...(temporal.uiUrl === undefined ? [] : [`Temporal UI ${temporal.uiUrl}`]),
      `PostgreSQL  ${database.origin}`,
      ...(libvirt === undefined ? [] : [`libvirt     ${libvirt.uri}`]),
    ],
    stop: () => stopAll(stops),
  };
}

/** Newest first. The first error is thrown after all were tried. */
async function stopAll(stops: readonly Stop[]): Promise<void> {
  const errors: unknown[] = [];
  for (const stop of [...stops].reverse()) await stop().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}
