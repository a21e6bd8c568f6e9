import { grantsEnding } from '../scenarios/grants.ts';
import { useMatrix } from '../support/crash/use-matrix.ts';

useMatrix(grantsEnding);
