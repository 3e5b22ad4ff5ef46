import { runTypeScript } from './run-typescript.mjs';

await runTypeScript('scripts/stop-platform.ts');
