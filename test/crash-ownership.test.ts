import { ownership } from './scenarios/ownership.ts';
import { useMatrix } from './support/use-matrix.ts';

useMatrix(ownership);
