import { life } from './scenarios/life.ts';
import { useMatrix } from './support/use-matrix.ts';

useMatrix(life);
