import { ownership } from '../scenarios/ownership.ts';
import { useMatrix } from '../support/crash/use-matrix.ts';

useMatrix(ownership);
