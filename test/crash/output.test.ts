import { output } from '../scenarios/output.ts';
import { useMatrix } from '../support/crash/use-matrix.ts';

useMatrix(output);
