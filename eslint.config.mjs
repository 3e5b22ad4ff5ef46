import { builtinModules } from 'node:module';
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

const workflowsDoNoIo = 'A workflow does no I/O: it is replayed, and everything it learns comes from an activity.';

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export by name: a default export gets another name in each file that imports it.',
};
const noExportAll = {
  selector: 'ExportAllDeclaration',
  message: 'Re-export by name: `export *` hides what a module offers and lets dead exports pass.',
};
const noProcessEnv = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message:
    'Only src/config.ts and src/platform read the environment, so that every setting is declared, checked and documented in one place.',
};
const noModuleMocks = {
  selector: "CallExpression[callee.object.name='vi'][callee.property.name=/^(do)?[mM]ock$/]",
  message:
    'Use the real thing or a fake that ships in src: a mocked module is tested against what its author believed.',
};
const noGluedCommands = {
  selector: "CallExpression[callee.name='execaCommand'], Property[key.name='shell'][value.value=true]",
  message:
    'A command is a file and an array of arguments; nothing is glued into a shell line outside src/remote/quote.ts.',
};
const everywhere = [noDefaultExport, noExportAll, noModuleMocks, noGluedCommands];

/** Comments that switch rules off must say why: `eslint-disable-next-line rule -- reason`. */
const disablesWithReason = {
  meta: { type: 'suggestion', schema: [] },
  create: (context) => ({
    Program() {
      for (const comment of context.sourceCode.getAllComments()) {
        if (!/^\s*(eslint-disable|@ts-expect-error|@ts-ignore)/.test(comment.value)) continue;
        if (/@ts-expect-error\s+\S|--\s+\S/.test(comment.value)) continue;
        context.report({
          loc: comment.loc,
          message: 'Say after `--` why the rule does not hold here: the next reader cannot know.',
        });
      }
    },
  }),
};

/** Notes of work left to do name their issue, or they are forgotten. */
const todosWithIssue = {
  meta: { type: 'suggestion', schema: [] },
  create: (context) => ({
    Program() {
      for (const comment of context.sourceCode.getAllComments()) {
        if (!/\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/.test(comment.value)) continue;
        context.report({
          loc: comment.loc,
          message: 'Write TODO(#123): a note without an issue is found again by nobody.',
        });
      }
    },
  }),
};

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'node_modules/',
      '.imprint/',
      'coverage/',
      'test/fixtures/',
      'test/replay/histories/',
      'test/replay/controls/',
    ],
  },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { imprint: { rules: { 'disables-with-reason': disablesWithReason, 'todos-with-issue': todosWithIssue } } },
    rules: {
      'imprint/disables-with-reason': 'error',
      'imprint/todos-with-issue': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Forwarding a call without a result is clear, in an arrow function as after `await`.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Modules are objects of closures: their methods have no `this` to lose.
      '@typescript-eslint/unbound-method': 'off',
      // A leading underscore says that a parameter is there for the shape of the function only.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Polling loops are written `for (;;)` or `while (true)`; every one has a deadline inside.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      // A method of a contract may be asynchronous for the sake of the others.
      '@typescript-eslint/require-await': 'off',
      // Names and texts that hold control characters are refused by exactly such expressions.
      'no-control-regex': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 70 }],
      'max-params': ['error', { max: 4 }],
      'max-depth': ['error', { max: 3 }],
      'no-restricted-syntax': ['error', ...everywhere, noProcessEnv],
    },
  },
  { files: ['src/**'], rules: { '@typescript-eslint/explicit-module-boundary-types': 'error' } },
  { files: ['src/config.ts', 'src/platform/**'], rules: { 'no-restricted-syntax': ['error', ...everywhere] } },
  { files: ['src/cli/**', 'src/demo/**', 'scripts/**', 'bench/**', 'chaos/**'], rules: { 'no-console': 'off' } },
  {
    files: ['src/workflows/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: builtinModules.map((name) => ({ name, message: workflowsDoNoIo })),
          patterns: [{ regex: '^node:', message: workflowsDoNoIo }],
        },
      ],
    },
  },
  {
    files: ['test/**', 'scripts/**', 'bench/**', 'chaos/**'],
    rules: { 'no-restricted-syntax': ['error', ...everywhere] },
  },
  {
    files: ['test/**'],
    rules: {
      // A describe block holds the tests of one subject; its length is that of its tests.
      'max-lines-per-function': 'off',
      'max-lines': ['error', { max: 400 }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  { files: ['*.config.ts', '*.config.mjs'], rules: { 'no-restricted-syntax': 'off', 'max-lines-per-function': 'off' } },
  {
    files: ['**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        clearTimeout: 'readonly',
      },
    },
  },
);
