/**
 * Which room may import from which; anything else under src is refused. `domain ← remote ← library, provisioners, os ← activities ← worker`;
 * `domain ← catalog ← activities, client`; `domain ← workflows ← client ← cli`.
 */
const mayImport = {
  domain: [],
  remote: ['domain'],
  library: ['domain', 'remote'],
  // Power by a management controller: what several provisioners use.
  power: ['domain', 'remote'],
  provisioners: ['domain', 'remote', 'power'],
  os: ['domain', 'remote'],
  catalog: ['domain'],
  // Types of activities are allowed below; the code is not.
  workflows: ['domain', 'activities'],
  // What machines that boot over the network are served, and what they send.
  imaging: ['domain', 'remote', 'library'],
  activities: ['domain', 'remote', 'library', 'provisioners', 'os', 'catalog'],
  config: ['domain'],
  // The guest that is built for demo and tests holds the same first-boot files as a sealed image.
  platform: ['domain', 'remote', 'os'],
  client: ['domain', 'catalog', 'workflows'],
  worker: [
    'domain',
    'remote',
    'library',
    'power',
    'imaging',
    'provisioners',
    'os',
    'catalog',
    'activities',
    'workflows',
    'config',
    'platform',
  ],
  cli: ['domain', 'catalog', 'client', 'worker', 'config', 'platform'],
  demo: [
    'domain',
    'remote',
    'library',
    'imaging',
    'provisioners',
    'os',
    'catalog',
    'client',
    'cli',
    'config',
    'platform',
  ],
};

/** A room is a folder, or the one file of that name. */
const room = (name) => `^src/${name}(/|\\.ts$)`;

const directions = Object.entries(mayImport).map(([name, others]) => ({
  name: `direction-${name}`,
  comment: `src/${name} may import only from: ${[name, ...others].join(', ')}. Imports point one way, so that a room can be understood and changed without the rooms above it.`,
  severity: 'error',
  from: { path: room(name) },
  to: { path: '^src/', pathNot: [name, ...others].map(room) },
}));

export default {
  forbidden: [
    ...directions,
    {
      name: 'domain-stands-alone',
      comment: 'src/domain is types and pure functions: it imports no package and nothing of Node.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypesNot: ['local', 'type-only'] },
    },
    {
      name: 'no-temporal-in-modules',
      comment:
        'Provisioners, OS modules and what they stand on know nothing of Temporal: they are used and tested without it.',
      severity: 'error',
      from: { path: '^src/(domain|remote|library|catalog|power|imaging|provisioners|os)/' },
      to: { path: '@temporalio/' },
    },
    {
      name: 'workflows-import-activities-as-types',
      comment:
        'A workflow calls activities through a proxy; importing their code would put I/O into the workflow bundle.',
      severity: 'error',
      from: { path: '^src/workflows/' },
      to: { path: '^src/activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workflows-do-no-io',
      comment:
        'A workflow is replayed: it uses @temporalio/workflow, @temporalio/common and the domain, and nothing that does I/O.',
      severity: 'error',
      from: { path: '^src/workflows/' },
      to: {
        couldNotResolve: false,
        dependencyTypesNot: ['local', 'type-only'],
        pathNot: '@temporalio/(workflow|common)/',
      },
    },
    {
      name: 'provisioners-keep-apart',
      comment: 'A provisioner is reached through the registry; nobody else imports from its folder or tests its name.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/provisioners/registry\\.ts$', '^src/provisioners/([^/]+)/'] },
      to: { path: '^src/provisioners/[^/]+/' },
    },
    {
      name: 'provisioners-do-not-share-folders',
      comment:
        'Two provisioners share code by a function beside provisioner.ts or in src/remote, not by reaching into one another.',
      severity: 'error',
      from: { path: '^src/provisioners/([^/]+)/' },
      to: { path: '^src/provisioners/[^/]+/', pathNot: '^src/provisioners/$1/' },
    },
    {
      name: 'no-cycles',
      comment: 'Files that import each other can only be understood and tested together.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'An import that does not resolve fails at run time.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-tests-in-source',
      comment: 'Source must run without the tests, the benchmarks and the chaos.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|bench|chaos)/' },
    },
    {
      name: 'no-unlisted-dependencies',
      comment: 'A package that package.json does not name is there by chance: list it.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-dev-dependencies-in-source',
      comment: 'A development dependency is missing where Imprint is installed; move it to dependencies.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/platform/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
