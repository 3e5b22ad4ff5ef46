import { runTypeScript } from './run-typescript.mjs';

await runTypeScript('scripts/screenshots.ts');
