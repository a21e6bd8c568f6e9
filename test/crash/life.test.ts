import { life } from '../scenarios/life.ts';
import { useMatrix } from '../support/crash/use-matrix.ts';

useMatrix(life);
