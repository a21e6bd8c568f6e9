/** Whether the principal that signed in has the rights that azid needs, asked of Azure scope by scope. Conditions and deny assignments are not taken into account. */
import { type AzureError, toAzureError } from '../../azure/arm/errors.ts';
import type { Permissions, Rights } from '../../azure/permissions.ts';
import { type CheckFinding, ok, problem, unknown } from '../finding.ts';
import type { Need } from './needs.ts';

const AREA = 'rights';
/** Each is a call. */
const MAX_SCOPES = 100;

export async function rightsFindings(
  needs: readonly Need[],
  permissions: Pick<Permissions, 'at'>,
  signal: AbortSignal,
): Promise<readonly CheckFinding[]> {
  const asked = needs.slice(0, MAX_SCOPES);
  const found: CheckFinding[] = [];
  for (const need of asked) found.push(await rightsAt(need, permissions, signal));
  const left = needs.length - asked.length;
  return [
    ...found,
    ...(needs.length === 0
      ? [ok(AREA, 'no object and no policy names anything in Azure yet, so no right is needed')]
      : []),
    ...(left > 0
      ? [
          unknown(
            AREA,
            `${left} more scopes are in use, and were not asked for`,
            'the conditions of the objects there show what is missing',
          ),
        ]
      : []),
  ];
}

async function rightsAt(
  need: Need,
  permissions: Pick<Permissions, 'at'>,
  signal: AbortSignal,
): Promise<CheckFinding> {
  try {
    return rightsFinding(need, await permissions.at(need.scope, { priority: 'edit', signal }));
  } catch (error) {
    const failure = toAzureError(error);
    if (signal.aborted) throw error;
    return unreadable(need, failure);
  }
}

/** Pure. */
export function rightsFinding({ scope, actions }: Need, rights: Rights): CheckFinding {
  const missing = actions.filter((action) => !rights.allows(action));
  if (missing.length === 0) return ok(AREA, `all ${actions.length} that are needed at ${scope}`);
  return problem(
    AREA,
    `at ${scope} ${missing.length} of ${actions.length} are missing: ${missing.join(', ')}`,
    `assign ${rolesFor(missing).join(' and ')} there or above (docs/guides/run-on-azure.md); a new assignment acts within 10 minutes`,
  );
}

/** A principal without any right at a scope may not even ask. Pure. */
export function unreadable({ scope, actions }: Need, { code, message }: AzureError): CheckFinding {
  if (NO_RIGHTS.has(code))
    return problem(
      AREA,
      `none of ${actions.length} that are needed at ${scope}: ${code}`,
      `see that the scope exists, and assign ${rolesFor(actions).join(' and ')} there or above (docs/guides/run-on-azure.md)`,
    );
  return unknown(AREA, `at ${scope}: ${code}: ${message}`, 'check again');
}

const NO_RIGHTS = new Set(['AuthorizationFailed', 'SubscriptionNotFound', 'ResourceGroupNotFound']);

const READER = /^Microsoft\.(?:ManagedIdentity|Authorization|Insights)\/.*\/read$/i;
/** Those of deploy/azure that may change something, and what each has of the rights that are asked for here. */
const CHANGING: readonly { readonly role: string; readonly has: RegExp }[] = [
  {
    role: 'azid orphans',
    has: /^Microsoft\.(?:ManagedIdentity\/userAssignedIdentities\/(?:.*read|listAssociatedResources\/action)|Authorization\/roleAssignments\/read)$/i,
  },
  {
    role: 'azid identities',
    has: /^Microsoft\.(?:ManagedIdentity\/userAssignedIdentities\/(?!assign\/|listAssociatedResources\/)|Insights\/)/i,
  },
  { role: 'azid grants', has: /^Microsoft\.(?:Authorization|Insights)\//i },
  {
    role: 'azid hosts',
    has: /^(?!Microsoft\.(?:Authorization\/|ManagedIdentity\/.*(?:\/write|\/delete|Credentials\/read)$))/i,
  },
];

/**
 * The roles that have these rights together, and none that may change what need only be read: where only a list of a subscription's assignments is
 * missing, the remedy is no role that lets azid grant there. Pure.
 */
export function rolesFor(actions: readonly string[]): readonly string[] {
  const [reads, changes] = [true, false].map((wanted) =>
    actions.filter((action) => action.endsWith('/read') === wanted),
  ) as [string[], string[]];
  const chosen = new Set(changes.map((action) => CHANGING.find(({ has }) => has.test(action))));
  const left = reads.filter((action) => ![...chosen].some((each) => each?.has.test(action)));
  // Of other resources no role of deploy/azure reads them and cannot change them; Reader reads all.
  const reader = left.every((action) => READER.test(action)) ? 'azid reader' : 'Reader';
  return [
    ...(left.length > 0 ? [reader] : []),
    ...CHANGING.filter((each) => chosen.has(each)).map(({ role }) => role),
  ];
}
