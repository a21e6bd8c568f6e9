import { upkeep } from './scenarios/upkeep.ts';
import { useMatrix } from './support/use-matrix.ts';

useMatrix(upkeep);
