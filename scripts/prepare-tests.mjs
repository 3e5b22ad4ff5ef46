import { runTypeScript } from './run-typescript.mjs';

await runTypeScript('scripts/prepare-tests.ts');
