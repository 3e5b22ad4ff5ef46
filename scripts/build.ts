import { chmod, cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { createProgressReporter } from '../src/platform/progress.ts';
import { packageRoot } from '../src/platform/state-directory.ts';
import { bundleWorkflows } from './bundle-workflows.ts';

/**
 * `npm run build`: dist holds the compiled source, the migrations beside the code that applies them, and one bundle of all workflows, so
 * that a worker in production never bundles at its start.
 */
async function build(): Promise<void> {
  const root = packageRoot();
  const report = createProgressReporter();
  await rm(join(root, 'dist'), { recursive: true, force: true });
  await report.during('Compiling', async () => {
    await execa('tsc', ['--project', 'tsconfig.build.json'], { cwd: root, preferLocal: true, stdio: 'inherit' });
  });
  await cp(join(root, 'src/catalog/migrations'), join(root, 'dist/catalog/migrations'), { recursive: true });
  // The imaging environment is packed from these files, not compiled.
  const agent = 'imaging/environment/agent';
  await cp(join(root, 'src', agent), join(root, 'dist', agent), { recursive: true });
  await chmod(join(root, 'dist/cli/main.js'), 0o755);
  await report.during('Bundling the workflows', async () => {
    await bundleWorkflows(join(root, 'dist/workflows/index.js'), join(root, 'dist/workflow-bundle.js'));
  });
  report.line('Built dist');
}

await build();
