/** What policies and EventSources show: whether any namespace may have anything, and whether events arrive. */
import { type EventSource, eventSource } from '../../api/event-source.ts';
import { type IdentityPolicy, identityPolicy } from '../../api/identity-policy.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import { findCondition } from '../../runtime/status/conditions.ts';
import { type CheckDeps, type CheckFinding, ok, problem, readAll, unknown } from '../finding.ts';

export async function policyFindings(deps: CheckDeps): Promise<readonly CheckFinding[]> {
  return policiesFound(await readAll<IdentityPolicy>(identityPolicy.resource, deps));
}

/** Pure. */
export function policiesFound(policies: readonly IdentityPolicy[]): readonly CheckFinding[] {
  const area = 'policies';
  if (policies.length === 0)
    return [
      problem(
        area,
        'there is no IdentityPolicy, so azid gives nothing to anybody',
        'declare one: docs/guides/run-on-azure.md',
      ),
    ];
  const wrong = policies.flatMap((policy) => {
    const ready = readyOf(policy);
    return ready?.status === 'False'
      ? [
          problem(
            area,
            `IdentityPolicy ${policy.metadata.name}: ${ready.reason}: ${ready.message}`,
            `azid explain ${ready.reason} --kind idpol`,
          ),
        ]
      : [];
  });
  const fine = policies.length - wrong.length;
  return [
    ...wrong,
    ...(fine > 0 ? [ok(area, `${fine} of ${policies.length} IdentityPolicies are in force`)] : []),
  ];
}

export async function eventFindings(deps: CheckDeps): Promise<readonly CheckFinding[]> {
  return eventSourcesFound(await readAll<EventSource>(eventSource.resource, deps));
}

/** Pure. */
export function eventSourcesFound(sources: readonly EventSource[]): readonly CheckFinding[] {
  const area = 'events';
  if (sources.length === 0)
    return [
      ok(area, 'there is no EventSource: what others change in Azure is found by lists, within minutes'),
    ];
  return sources.map((source) => {
    const { name } = source.metadata;
    const what = `EventSource ${name}`;
    if (source.spec.suspend) return ok(area, `${what} is suspended`);
    const ready = readyOf(source);
    const arriving = findCondition(source.status?.conditions ?? [], 'EventsArriving');
    if (!ready || ready.status === 'Unknown')
      return unknown(area, `${what}: azid has not seen it yet`, 'see whether a controller works');
    const remedy = (reason: string) => `azid explain ${reason} --kind evsrc`;
    if (ready.status === 'False')
      return problem(area, `${what}: ${ready.reason}: ${ready.message}`, remedy(ready.reason));
    if (arriving?.status === 'False')
      return problem(area, `${what}: ${arriving.reason}: ${arriving.message}`, remedy(arriving.reason));
    if (arriving?.status !== 'True')
      return unknown(
        area,
        `${what} receives, and no event came yet`,
        'change something in a subscription whose events come to it, and check again',
      );
    return ok(area, `${what} receives, and events come`);
  });
}

const readyOf = ({ status }: ManagedObject) => findCondition(status?.conditions ?? [], 'Ready');
