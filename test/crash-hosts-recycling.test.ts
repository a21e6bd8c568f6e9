import { recycling } from './scenarios/hosts.ts';
import { useMatrix } from './support/use-matrix.ts';

useMatrix(recycling);
