#!/usr/bin/env node
/** The `azid` command of a checkout: all of it, run from the sources. */
import { createProgram, programName } from './cli/program.ts';
import { addSandboxCommand } from './cli/sandbox/sandbox.ts';
import { addSimulatorCommand } from './cli/sandbox/simulator.ts';

await createProgram({
  more: [addSandboxCommand, addSimulatorCommand],
  name: programName(process.argv[1]),
}).parseAsync();
