#!/usr/bin/env node
/** The `azid` command of an image or a package, where there is nothing to try things out with. */
import { createProgram, programName } from './cli/program.ts';

await createProgram({ name: programName(process.argv[1]) }).parseAsync();
