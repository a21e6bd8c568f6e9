#!/usr/bin/env node
/** The `azid` command of a checkout: all of it, run from the sources. */
import { createProgram } from './cli/program.ts';
import { addSandboxCommand } from './cli/sandbox/sandbox.ts';
import { addSimulatorCommand } from './cli/sandbox/simulator.ts';

await createProgram([addSandboxCommand, addSimulatorCommand]).parseAsync();
