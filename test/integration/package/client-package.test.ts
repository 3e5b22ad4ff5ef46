import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { packageRoot } from '../../../src/platform/state-directory.ts';
import { installPackedPackage, type EmptyProject } from '../../support/packed-package.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { startTemporal, type TestTemporal } from '../../support/temporal.ts';
import { askingScript, withoutStartup, type CompletingShell } from '../../support/completing-shells.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';
import { startWorkerProcess, type WorkerProcess } from '../../support/worker-process.ts';

/** Building and packing takes a quarter of a minute where nothing else runs, and longer where much does. */
const packingMs = 600_000;

let project: EmptyProject;
let examples: readonly string[];

beforeAll(async () => {
  project = await installPackedPackage();
  examples = await writeExamples();
  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
  const compilerOptions = { ...strict, target: 'ES2023', module: 'NodeNext', types: ['node'], skipLibCheck: false };
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const bundler = { module: 'ESNext', moduleResolution: 'bundler', noEmit: true, skipLibCheck: true };
  await project.write(
    'tsconfig.bundler.json',
    JSON.stringify({ extends: './tsconfig.json', compilerOptions: bundler }),
  );
}, packingMs);

afterAll(async () => await project.remove());

/** The programs on the page about the client, each under the name in its first line. */
async function writeExamples(): Promise<readonly string[]> {
  const page = await readFile(join(packageRoot(), 'docs/client.md'), 'utf8');
  const blocks = [...page.matchAll(/^```ts\n\/\/ ([\w-]+\.ts)\n([^]*?)^```$/gm)];
  for (const [, name = '', code = ''] of blocks) await project.write(name, code);
  return blocks.map(([, name = '']) => name);
}

describe('the packed package', () => {
  it('holds the client, the command, the bundle of the workflows, and the migrations', async () => {
    const migrations = await readdir(join(packageRoot(), 'src/catalog/migrations'));
    for (const file of [
      ...['package.json', 'LICENSE', 'README.md', 'docs/client.md'],
      ...['dist/client.js', 'dist/client.d.ts', 'dist/workflow-bundle.js'],
      ...migrations.map((name) => `dist/catalog/migrations/${name}`),
    ]) {
      expect([...project.files.keys()]).toContain(file);
    }
    expect(project.files.get('dist/cli/main.js')).toBe('-rwxr-xr-x');
  });

  it('holds no tests, no sources, and nothing of the demo', () => {
    const expected =
      /^(package\.json|LICENSE|README\.md|temporal-dev\.yml|docs\/.*\.md|packaging\/systemd\/[\w.-]+|dist\/.*\.(js|d\.ts|sql)|dist\/imaging\/environment\/agent\/[\w./-]+)$/;
    const files = [...project.files.keys()];
    expect(files.filter((file) => !expected.test(file))).toEqual([]);
    expect(files.filter((file) => /(^|\/)(test|demo|scripts)\/|\.test\./.test(file))).toEqual([]);
  });
});

describe('its types', () => {
  /** Temporal's own declarations do not compile under every strict setting; ours must. */
  const ofTemporal = /node_modules\/@temporalio\//;
  const complaints = async (tsconfig: string) =>
    (await project.compile(tsconfig)).filter((line) => !ofTemporal.test(line));

  it('fit the examples of the documentation, strictly, under NodeNext', async () => {
    expect(examples).toEqual(['capture.ts', 'answer.ts', 'overview.ts']);
    expect(await complaints('tsconfig.json')).toEqual([]);
  });

  it('fit them as a bundler resolves them, and refuse a request without its image', async () => {
    const call = "import { connect } from 'imprint';\nvoid (await connect({ databaseUrl: '' })).startCapture";
    await project.write('wrong.ts', `${call}({ node: 'lab-07' });\n`);
    expect(await complaints('tsconfig.bundler.json')).toEqual([
      expect.stringMatching(/^wrong\.ts.*error TS2345: .*'\{ node: string; \}'/),
    ]);
  });
});

describe('an application with only the package', () => {
  let temporal: TestTemporal;
  let database: TestDatabase;
  let worker: WorkerProcess;
  let environment: Readonly<Record<string, string>>;

  const available = whyUnavailable('temporal') === undefined && whyUnavailable('postgres') === undefined;
  beforeEach((context) => skipWithout(context, 'temporal', 'postgres', 'shells'));

  beforeAll(async () => {
    if (!available) return;
    [temporal, database] = await Promise.all([startTemporal(), testDatabase()]);
    environment = {
      DATABASE_URL: database.databaseUrl,
      TEMPORAL_ADDRESS: temporal.address,
      IMPRINT_MANAGEMENT_NODE: 'mn-a',
      IMPRINT_LIBRARY: join(project.path, 'library'),
      IMPRINT_SIMULATED_WORLD: join(project.path, 'world'),
      IMPRINT_SECRET_AUTHORIZED_KEYS: 'ssh-ed25519 AAAAtest test',
    };
    worker = await startWorkerProcess(environment, [project.command, 'worker']);
    await introduceNode();
  });

  afterAll(async () => {
    if (!available) return;
    await worker.kill();
    await database.drop();
    await temporal.stop();
  });

  /** As an administrator would, with the package's command. */
  async function introduceNode(): Promise<void> {
    const quick = {
      bootSeconds: 0,
      shutdownSeconds: 0,
      preCaptureSeconds: 0,
      disks: [{ name: 'vda', usedBytes: 4096 }],
    };
    await project.write('lab-07.json', JSON.stringify(quick));
    const where = ['--management-node', 'mn-a', '--system', 'simulated', '--address', '127.0.0.1'];
    const size = ['--memory', '1G', '--cpus', '1', '--settings', join(project.path, 'lab-07.json')];
    await command('operating-systems', 'add', 'debian12', '--module', 'simulated', '--system', 'simulated');
    await command('nodes', 'add', 'lab-07', ...where, ...size);
  }

  async function command(...args: readonly string[]): Promise<string> {
    return (await execa(project.command, args, { env: environment, cwd: project.path })).stdout;
  }

  async function example(name: string): Promise<string> {
    const result = await execa('node', [name.replace(/ts$/, 'js')], { env: environment, cwd: project.path });
    return result.stdout;
  }

  it('captures a node through a worker of the same package, and answers and reads as the documentation says', async () => {
    const captured = await example('capture.ts');
    expect(captured).toMatch(/^started captureImage\/lab-07\/course-42$/m);
    expect(captured).toMatch(/^published web revision 1$/m);

    const answers = (await example('answer.ts')).split('\n');
    expect(answers).toEqual([
      expect.stringMatching(/^400 node: expected /),
      expect.stringMatching(/^404 no image "nothing"/),
      expect.stringMatching(/^409 request key "course-42" belongs to run captureImage\/lab-07\/course-42/),
    ]);

    const overview = await example('overview.ts');
    expect(overview).toMatch(/^node lab-07 is available, owned by nobody$/m);
    expect(overview).toMatch(/^image web: production revision 1$/m);
    expect(overview).toMatch(/^run captureImage\/lab-07\/course-42 completed: web-v1 /m);
    expect(overview).toMatch(/^RELOAD$/m);
  });

  describe('and a shell that has read its completion', () => {
    /** What a real shell offers for each line, one array a line. */
    async function offered(
      shell: CompletingShell,
      ...lines: readonly string[]
    ): Promise<readonly (readonly string[])[]> {
      await project.write(`ask.${shell}`, askingScript(shell, lines));
      const env = { ...environment, PATH: `${dirname(project.command)}:${process.env['PATH'] ?? ''}` };
      const asking = await execa(shell, [...withoutStartup[shell], `ask.${shell}`], { cwd: project.path, env });
      expect(asking.stderr).toBe('');
      return asking.stdout.split('====\n').map((answer) => answer.split('\n').filter((line) => line !== ''));
    }

    /** A catalog that a busy machine lets answer too late offers no names: then it is asked again. */
    const untilAnswered = { timeout: 90_000, interval: 100 };

    const lines = [
      'imprint runs ',
      'imprint status l',
      'imprint runs show captureImage/',
      'imprint capture x --after=le',
    ];

    it('bash completes commands, names and values, and runs nothing of the line', async () => {
      const typed = `imprint capture $(touch touched) --im`;
      const expected = [
        expect.arrayContaining(['list', 'show', 'watch', 'held', 'retry', 'cancel', 'help']),
        ['lab-07'],
        ['captureImage/lab-07/course-42'],
        // The line is cut at the sign; bash puts the answer behind it.
        ['leaveOff'],
        [],
        ['--image'],
      ];
      await vi.waitFor(async () => {
        expect(await offered('bash', ...lines, 'imprint images import web ask.', typed)).toEqual(expected);
      }, untilAnswered);
      expect(await readdir(project.path)).not.toContain('touched');
    });

    it.each(['zsh', 'fish'] as const)('%s completes commands, names and values', async (shell) => {
      await vi.waitFor(async () => {
        const [commands, ...others] = await offered(shell, ...lines);
        expect(commands).toEqual(expect.arrayContaining(['cancel', 'list', 'show', 'watch']));
        expect(others).toEqual([['lab-07'], ['captureImage/lab-07/course-42'], ['--after=leaveOff']]);
      }, untilAnswered);
    });
  });
});
