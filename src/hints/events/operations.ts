import { asciiLower } from '../../azure/names/text.ts';

/**
 * Which operations of Resource Manager change something that azid reads: the first row that fits decides. Events of
 * other operations concern nothing that azid holds, and are dropped before anything is read.
 */
interface Row {
  /** Lower case; `*` stands for any beginning or end. */
  readonly operation: string;
  /**
   * `done`: its one step is carried out or refused, so a failure changed nothing. `attempted`: it has many steps, and one
   * that failed or was given up may have done some. `no`: nothing that azid reads.
   */
  readonly acts: 'done' | 'attempted' | 'no';
  /** Of something that extends a resource: it is the resource that changed. */
  readonly extension?: true;
  readonly why: string;
}

const ROWS: readonly Row[] = [
  row(
    'microsoft.managedidentity/userassignedidentities/write',
    'done',
    'tags, which are the marks, and recycling',
  ),
  row('microsoft.managedidentity/userassignedidentities/delete', 'done', 'it is gone'),
  row(
    'microsoft.managedidentity/userassignedidentities/federatedidentitycredentials/write',
    'done',
    'who may become it',
  ),
  row(
    'microsoft.managedidentity/userassignedidentities/federatedidentitycredentials/delete',
    'done',
    'who may become it',
  ),
  row(
    'microsoft.managedidentity/*',
    'no',
    'leave to attach, which is asked at each write, and revoked tokens change no resource',
  ),
  row('microsoft.authorization/roleassignments/write', 'done', 'a grant'),
  row('microsoft.authorization/roleassignments/delete', 'done', 'a revocation'),
  row('microsoft.authorization/roledefinitions/write', 'done', 'what a role is called'),
  row('microsoft.authorization/roledefinitions/delete', 'done', 'a role that is gone'),
  row(
    'microsoft.authorization/*',
    'no',
    'locks and policies are met at a write, and asked again every 5 minutes by who was refused',
  ),
  { ...row('microsoft.resources/tags/write', 'done', 'selectors and marks go by tags'), extension: true },
  { ...row('microsoft.resources/tags/delete', 'done', 'selectors and marks go by tags'), extension: true },
  row(
    'microsoft.resources/subscriptions/resourcegroups/delete',
    'attempted',
    'all beneath it may be gone, also where the last of it could not be deleted',
  ),
  row(
    'microsoft.resources/subscriptions/resourcegroups/moveresources/action',
    'attempted',
    'what was in the group is elsewhere; which, the event does not say',
  ),
  row(
    'microsoft.resources/*',
    'no',
    'deployments and the like: the resources that they make have events of their own',
  ),
  row(
    'microsoft.web/sites/slotsswap/action',
    'attempted',
    'an identity stays with its slot, yet a swap that failed switched one off (reported)',
  ),
  row('microsoft.web/sites/slots/slotsswap/action', 'attempted', 'the same, begun at a slot'),
  row(
    '*/action',
    'no',
    'starting, restarting or rolling out anew changes no identity of a model; nor does listing its keys',
  ),
  row(
    '*/write',
    'attempted',
    'a resource that may carry identities: which types do, objects and selectors say',
  ),
  row('*/delete', 'attempted', 'the same'),
];

function row(operation: string, acts: Row['acts'], why: string): Row {
  return { operation, acts, why };
}

const NOTHING = row('*', 'no', 'neither a write, a deletion nor an action');

/** The row of an operation, in any letter case. */
export function effectOf(operation: string): Row {
  const name = asciiLower(operation);
  return ROWS.find((each) => fits(each.operation, name)) ?? NOTHING;
}

function fits(pattern: string, name: string): boolean {
  if (pattern.startsWith('*')) return name.endsWith(pattern.slice(1));
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
