import { runTypeScript } from './run-typescript.mjs';

await runTypeScript('scripts/run-tests.ts');
