import type { UserAssignedIdentity } from '../../../src/api/user-assigned-identity.ts';
import type { LoggedRequest } from '../../../src/simulator/http/request-log.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../testbed.ts';

/** One team has many identities to make, another edits one and makes one: what the other waits for. */

const API = { apiVersion: 'azid.dev/v1alpha1' };
const MANY = 'team-many';
const FEW = 'team-few';
/** Objects applied at the same time. */
const AT_ONCE = 20;
/** Real ms; simulated time is no matter here. */
const LIMIT_MS = 15 * 60_000;

export interface TwoTeams {
  /** Calls for the many between the edit and the first call for it. */
  readonly callsBeforeEdit: number;
  /** Simulated ms until the first call for the edit, until its PATCH, and until the initial condition of the new identity. */
  readonly editMs: number;
  readonly patchMs: number;
  readonly conditionMs: number;
  /** Of the many, how many were made when the edit was applied, and when the new one had its condition. */
  readonly madeAtEdit: number;
  readonly madeAtCondition: number;
  /** Until the other team's new identity is Ready, simulated ms. */
  readonly readyMs: number;
}

export async function twoTeams(cluster: Cluster, world: World, many: number): Promise<TwoTeams> {
  const { azure, clock } = world;
  const calls = (since = 0) => azure.requests(since).filter(({ caller }) => caller === 'controller');
  const made = () =>
    calls().filter(({ method, path }) => method === 'PUT' && path.includes(`/${MANY}-`)).length;
  for (const name of [MANY, FEW])
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await cluster.apply({
    ...API,
    kind: 'IdentityPolicy',
    metadata: { name: 'two-teams' },
    spec: {
      namespaces: { names: [MANY, FEW] },
      identities: { scopes: [`/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1`] },
      defaults: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', location: 'westeurope' },
    },
  });
  await world.start({ azureLagMs: 120_000, workers: 64 });
  const stored = (name: string) => world.operators[0]?.stores?.identities.get(`${FEW}/${name}`);
  await cluster.apply(identity(FEW, 'edited'));
  await world.until('the first identity to be Ready', () => isReady(stored('edited')), LIMIT_MS);

  const objects = Array.from({ length: many }, (_, i) => identity(MANY, `${MANY}-${i}`));
  for (let at = 0; at < many; at += AT_ONCE)
    await Promise.all(objects.slice(at, at + AT_ONCE).map((object) => cluster.apply(object)));
  // The first 18 go at once; when more are made the rest waits for the rate limit.
  await world.until('the backlog to stand', () => made() > 25, LIMIT_MS);

  const madeAtEdit = made();
  const from = calls().length;
  const startedAt = clock.monotonic();
  const since = () => clock.monotonic() - startedAt;
  await cluster.apply(identity(FEW, 'edited', { tags: { edited: 'yes' } }));
  await cluster.apply(identity(FEW, 'new'));
  const isEdit = ({ path }: LoggedRequest) => /\/edited(\?|$)/.test(path);
  const during = () => calls().slice(from);
  let [conditionMs, madeAtCondition, editMs] = [Number.NaN, Number.NaN, Number.NaN];
  await world.until(
    'the edit to reach Azure and the new object to have a condition',
    () => {
      if (Number.isNaN(conditionMs) && stored('new')?.status?.conditions?.length) {
        conditionMs = since();
        madeAtCondition = made();
      }
      if (Number.isNaN(editMs) && during().some(isEdit)) editMs = since();
      return !Number.isNaN(conditionMs) && during().some((each) => isEdit(each) && each.method === 'PATCH');
    },
    LIMIT_MS,
  );
  const patchMs = since();
  await world.until('the new identity to be Ready', () => isReady(stored('new')), LIMIT_MS);
  return {
    callsBeforeEdit: during().findIndex(isEdit),
    editMs,
    patchMs,
    conditionMs,
    madeAtEdit,
    madeAtCondition,
    readyMs: since(),
  };
}

function identity(namespace: string, name: string, spec: object = {}) {
  return { ...API, kind: 'UserAssignedIdentity', metadata: { namespace, name }, spec: { name, ...spec } };
}

function isReady(object: UserAssignedIdentity | undefined): boolean {
  const conditions = object?.status?.conditions ?? [];
  return (
    object?.status?.observedGeneration === object?.metadata.generation &&
    conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
  );
}
