#!/usr/bin/env node
/** The `azid` command of an image or a package, where there is nothing to try things out with. */
import { createProgram } from './cli/program.ts';

await createProgram().parseAsync();
