import { upkeep } from '../scenarios/upkeep.ts';
import { useMatrix } from '../support/crash/use-matrix.ts';

useMatrix(upkeep);
