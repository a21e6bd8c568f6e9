import { grantsEnding } from './scenarios/grants.ts';
import { useMatrix } from './support/use-matrix.ts';

/** Each plan waits 45 minutes of fake time, some 5 s: all of them are for `npm run test:matrix`. */
const all = process.env.AZID_MATRIX === 'full' || process.env.AZID_PLAN !== undefined;

useMatrix(all ? grantsEnding : grantsEnding.filter(({ name }) => name.startsWith('suspended')));
