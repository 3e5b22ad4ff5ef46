import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory that package.json lies in. */
export const checkout = dirname(dirname(fileURLToPath(import.meta.url)));

const oldestNode = [20, 19];

/**
 * Makes the checkout ready to run: the version of Node is checked, and the packages of package-lock.json are installed when one of them is
 * missing or of another version. Plain JavaScript without dependencies, since nothing is installed before it has run. Does nothing the
 * second time. Ends the process with status 1 and one clear message when it cannot.
 */
export async function bootstrap() {
  refuseOldNode();
  if (packagesAreInstalled()) return;
  await installPackages();
  if (!packagesAreInstalled())
    fail('npm ci ended well, but packages are still missing. Remove node_modules and try again.');
}

function refuseOldNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  fail(
    `Imprint needs Node ${oldestNode.join('.')} or newer; this is ${process.versions.node} (${process.execPath}). See https://nodejs.org/en/download`,
  );
}

/** Compares what npm says it installed last with what package-lock.json asks for. Optional packages depend on the machine and are left out. */
function packagesAreInstalled() {
  const installed = join(checkout, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const present = readPackages(installed);
  return Object.entries(readPackages(join(checkout, 'package-lock.json'))).every(
    ([path, wanted]) => path === '' || wanted.optional || present[path]?.version === wanted.version,
  );
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

async function installPackages() {
  console.error('Installing the npm packages of package-lock.json (about a minute on a slow machine, once)');
  const [file, ...args] = [...npm(), 'ci', '--prefer-offline', '--no-audit', '--no-fund'];
  const started = Date.now();
  // npm shows its own progress at a terminal; elsewhere it is silent until the end.
  const ticker = process.stderr.isTTY
    ? undefined
    : setInterval(() => console.error(`  … ${seconds(started)} s`), 10_000);
  const status = await exitStatus(file, args);
  clearInterval(ticker);
  if (status !== 0) {
    fail(
      `npm ci failed with status ${status}; its messages are above. Without a network, npm needs its cache: run it once with one, ` +
        'or copy node_modules from a machine of the same kind.',
    );
  }
  console.error(`Installed the npm packages in ${seconds(started)} s`);
}

/** The npm that started us, if one did, so that two versions do not meet in one node_modules. */
function npm() {
  const own = process.env.npm_execpath;
  return own?.endsWith('npm-cli.js') ? [process.execPath, own] : ['npm'];
}

function exitStatus(file, args) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: checkout, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
}

function seconds(started) {
  return Math.round((Date.now() - started) / 1000);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bootstrap();
