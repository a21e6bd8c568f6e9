import { leases } from '../../kube/builtin.ts';
import { type AtWork, holderAtWork } from '../../kube/lease/at-work.ts';
import { type CheckDeps, readIfAny } from '../deps.ts';
import { type CheckFinding, ok, problem, unknown } from '../finding.ts';
import { type ObservedController, replicasText } from './controller.ts';

/** Whether a controller works, and since when: by its Lease, which is seen to be renewed. */

const AREA = 'lease';

export async function leaseFindings(
  deps: CheckDeps,
  controller: ObservedController | undefined,
): Promise<readonly CheckFinding[]> {
  const atWork = await holderAtWork(deps);
  const lease = await readIfAny(leases, `${deps.namespace}/${deps.leaseName}`, deps);
  return [leaseFinding(atWork, lease?.spec?.acquireTime, controller)];
}

/** Pure. */
export function leaseFinding(
  atWork: AtWork,
  acquireTime: string | undefined,
  controller: ObservedController | undefined,
): CheckFinding {
  const replicas = controller ? `; ${replicasText(controller)}` : '';
  switch (atWork.state) {
    case 'working': {
      // By the holder's clock.
      const since = acquireTime === undefined ? '' : ` since ${acquireTime.replace(/\.\d+Z$/, 'Z')}`;
      return ok(AREA, `${atWork.holder} works${since}${replicas}`);
    }
    case 'none':
      return problem(
        AREA,
        `no controller works: ${atWork.why}${replicas}`,
        'start the controller, or see in its log why it does not lead: kubectl logs -n azid-system deployment/azid-controller',
      );
    case 'unknown':
      return unknown(
        AREA,
        `it is not known whether a controller works: ${atWork.why}${replicas}`,
        'start the controller; name its Lease with --lease-name; one with --leader-elect false has none',
      );
  }
}
