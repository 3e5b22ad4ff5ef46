import { runTypeScript } from './run-typescript.mjs';

await runTypeScript('src/cli/main.ts');
