import { attaching } from '../scenarios/hosts.ts';
import { useMatrix } from '../support/crash/use-matrix.ts';

useMatrix(attaching);
