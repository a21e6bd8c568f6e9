import { grants } from './scenarios/grants.ts';
import { useMatrix } from './support/use-matrix.ts';

useMatrix(grants);
