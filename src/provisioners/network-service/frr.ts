import { composeFrr, frrImageOf, frrProfile, frrVersion, redactFrr, remainingLines } from './frr-text.ts';
import { daemonsNeeded } from './frr-daemons.ts';
import type { SeenService, Service, ServiceCommand, ServiceImage } from './service.ts';
import type { FrrSettings } from './settings.ts';

/**
 * FRRouting: one integrated configuration of its daemons. `vtysh -f` only merges and answers 0, so what runs is replaced by frr-reload.py, which also
 * writes frr.conf; both take the lines of a daemon that does not run, do nothing with them, and answer 0.
 */
export function frrService(settings: FrrSettings): Service {
  const { pathspace, programs, daemons: expected } = settings;
  const name = pathspace === undefined ? [] : ['-N', pathspace];
  const vtysh = (...commands: readonly string[]): ServiceCommand => ({
    file: 'vtysh',
    args: [...name, ...commands.flatMap((command) => ['-c', command])],
  });
  const reload = (mode: string, path: string): ServiceCommand => ({
    file: `${programs}/frr-reload.py`,
    args: [mode, ...name, path],
  });
  const read = vtysh('show running-config no-header');
  return {
    kind: 'frr',
    subject: pathspace === undefined ? 'FRR' : `FRR ${pathspace}`,
    file: 'frr.conf',
    programs: ['vtysh', `${programs}/frr-reload.py`],
    read,
    save: read,
    census: vtysh('show daemons'),
    imageOf: frrImageOf,
    define: ({ running, census }) => ({
      service: 'frr',
      parts: daemonsIn(census),
      traits: { defaults: frrProfile(running), version: frrVersion(running) },
    }),
    stopped: (persisted, seen) => stopped(daemonsNeeded(persisted), seen, expected),
    misfits: (image, seen) => misfits(image, seen, expected),
    compose: composeFrr,
    recompose: (saved) => saved,
    check: (path) => ({ file: 'vtysh', args: [...name, '-C', '-f', path] }),
    apply: (path) => reload('--reload', path),
    rest: { command: (path) => reload('--test', path), restOf: remainingLines },
    persistedAt: ['/etc/frr', ...(pathspace === undefined ? [] : [pathspace]), 'frr.conf'].join('/'),
    persist: vtysh('write memory'),
    redact: redactFrr,
  };
}

/** What `show daemons` printed, without the watchdog, which has no configuration. */
function daemonsIn(census: string): string[] {
  return census.split(/\s+/).filter((word) => word !== '' && word !== 'watchfrr');
}

/** vtysh asks the daemons that run: of one that was stopped, or has crashed, not a line is shown, and nothing says so. */
function stopped(written: readonly string[], { census }: SeenService, expected: readonly string[]): string[] {
  const run = daemonsIn(census);
  const missing = [...new Set([...written, ...expected])].filter((daemon) => !run.includes(daemon));
  return missing.map((daemon) => {
    const where = written.includes(daemon) ? 'frr.conf has lines of it' : 'settings.daemons names it';
    return `${daemon} does not run, and ${where}: what runs lacks its lines, and so would the image; start it, or take it out there`;
  });
}

function misfits(
  { text, definition }: ServiceImage,
  { running, census }: SeenService,
  expected: readonly string[],
): string[] {
  const run = daemonsIn(census);
  const needed = new Set([...daemonsNeeded(text), ...expected]);
  const missing = [...needed].filter((daemon) => !run.includes(daemon));
  const profile = definition.traits['defaults'];
  const own = frrProfile(running);
  return [
    ...missing.map(
      (daemon) =>
        `${daemon} does not run; FRR takes its lines and applies none of them (${run.join(', ') || 'no daemon'} run)`,
    ),
    ...(profile === undefined || profile === own
      ? []
      : [`its defaults are ${own}, those of the image ${profile}: the same lines mean something else`]),
  ];
}
