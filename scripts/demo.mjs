import { runTypeScript } from './run-typescript.mjs';

await runTypeScript('src/demo/main.ts');
