import { grantsEnding } from './scenarios/grants.ts';
import { useMatrix } from './support/use-matrix.ts';

useMatrix(grantsEnding);
