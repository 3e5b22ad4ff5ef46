import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A frr-reload.py that can be met at its work. */
export interface SlowFrrReload {
  /** Directory of it, for a computer's setting `programs`. */
  readonly programs: string;
  /** A file that is there as soon as one line was applied. */
  readonly begun: string;
  /** It goes on when there is this file. */
  readonly go: string;
}

/** Its first run on the router `name` applies one line and then waits until it is let go; it is the real one from then on. */
export async function makeSlowFrrReload(programs: string, name: string): Promise<SlowFrrReload> {
  const [begun, go] = [join(programs, 'begun'), join(programs, 'go')];
  await mkdir(programs);
  const program = join(programs, 'frr-reload.py');
  await writeFile(
    program,
    `#!/bin/sh
[ "$1" = --reload ] && [ ! -e '${begun}' ] || exec /usr/lib/frr/frr-reload.py "$@"
vtysh -N ${name} -c 'configure terminal' -c 'ip route 10.99.0.0/16 blackhole'
: > '${begun}'
while [ ! -e '${go}' ]; do sleep 0.1; done
`,
  );
  await chmod(program, 0o755);
  return { programs, begun, go };
}
