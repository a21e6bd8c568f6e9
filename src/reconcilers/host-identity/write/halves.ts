import type { Failure } from '../../decision.ts';
import type { Asked, Refusal } from '../facts.ts';
import { guiltyOf, isAboutIdentities } from './classify.ts';

/** Of how many one is at fault, when Azure does not name it; undefined where halving them would not find it. */
export function triesOf({ asked, failure }: Refusal): number | undefined {
  if (!isAboutIdentities(failure) || failureNames(failure, asked)) return undefined;
  const size = asked.adds.length + (asked.system === 'on' ? 1 : 0);
  return size > 1 ? size : undefined;
}

function failureNames(failure: Failure, { adds, removes }: Asked): boolean {
  return guiltyOf(failure, [...adds, ...removes]).length > 0;
}
