import { grants } from '../scenarios/grants.ts';
import { useMatrix } from '../support/crash/use-matrix.ts';

useMatrix(grants);
