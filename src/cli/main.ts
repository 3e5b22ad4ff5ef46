#!/usr/bin/env node
import { runCommandLine } from './program.ts';
import { createTerminal } from './terminal.ts';

process.exitCode = await runCommandLine(process.argv.slice(2), createTerminal());
