import { runTypeScript } from './run-typescript.mjs';

await runTypeScript('chaos/main.ts');
