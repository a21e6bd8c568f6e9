#!/usr/bin/env node
/** The `azid` command of a checkout: all of it, run from the sources. */
import { createProgram } from './cli/program.ts';
import { addSandboxCommand } from './cli/sandbox.ts';

await createProgram([addSandboxCommand]).parseAsync();
