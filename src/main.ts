#!/usr/bin/env node
/** The `azid` command of a checkout: all of it, run from the sources. */
import { createProgram } from './cli/program.ts';
import { addSandboxCommand } from './cli/sandbox.ts';
import { addSimulatorCommand } from './cli/simulator.ts';

await createProgram([addSandboxCommand, addSimulatorCommand]).parseAsync();
