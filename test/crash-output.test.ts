import { output } from './scenarios/output.ts';
import { useMatrix } from './support/use-matrix.ts';

useMatrix(output);
