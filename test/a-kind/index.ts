import type { KubeObject } from '../../src/kube/types.ts';
import { keyOf } from '../../src/kube/types.ts';
import { type CommonAction, type Decision, RECHECK_READY_MS } from '../../src/reconcilers/decision.ts';
import type { KindDefinition } from '../../src/reconcilers/definition.ts';
import type { ProvenIdentity } from '../../src/reconcilers/proof/proven.ts';
import { INDEX, type Stores, storeOf } from '../../src/reconcilers/stores.ts';
import { onPrincipal, onReferredIdentity, onSelf } from '../../src/reconcilers/watches/watches.ts';
import { type PrincipalReport, principalReport } from './schema.ts';

/** A whole kind in one folder: it tells which principal an identity has, and the identity waits for it to be deleted. */

interface Facts {
  readonly identity: ProvenIdentity;
}
interface Status {
  readonly principalId?: string;
}
type Action = CommonAction<Status>;

const identityOf = ({ metadata, spec }: PrincipalReport) => `${metadata.namespace}/${spec.identityRef.name}`;

const store = {
  name: 'reports',
  indexes: { [INDEX.identityRef]: (object: PrincipalReport) => [identityOf(object)] },
};
const reportsIn = (stores: Stores) => storeOf<PrincipalReport>({ store }, stores);

/** Pure. */
export function decide(_object: PrincipalReport, { identity }: Facts): Decision<Action, Status> {
  if (identity.state !== 'owned') {
    const why = identity.state === 'waiting' ? identity.why : 'cannot be told now';
    const summary = { state: 'waiting', for: 'its identity', message: why, recheckMs: 60_000 } as const;
    return { actions: [], status: {}, summary };
  }
  const { principalId } = identity;
  // Somebody acts on what is written here: no cache alone is its source.
  if (!identity.live) return { ...told(principalId), needsLive: ['identity'] };
  return told(principalId);
}

function told(principalId: string): Decision<Action, Status> {
  const message = `its principal is ${principalId}`;
  return {
    actions: [],
    status: { principalId },
    summary: { state: 'ready', reason: 'Told', message, nextMs: RECHECK_READY_MS },
  };
}

export const principalReportKind: KindDefinition<PrincipalReport & KubeObject, Facts, Action, Status> = {
  name: 'principalreport',
  resource: principalReport.resource,
  status: principalReport.status,
  store,
  holds: [
    {
      of: 'UserAssignedIdentity',
      identitiesOf: (object) => [identityOf(object)],
      holders: (identity, { stores }) =>
        reportsIn(stores)
          .byIndex(INDEX.identityRef, identity)
          .map((object) => `PrincipalReport ${keyOf(object)}`),
    },
  ],
  watches(services) {
    const reports = reportsIn(services.stores);
    const on = (identity: string) => reports.keysByIndex(INDEX.identityRef, identity);
    return [
      onSelf(reports),
      onPrincipal(services.stores.identities, ({ key }) => on(key)),
      ...onReferredIdentity(services, on),
    ];
  },
  decide,
  start: ({ proofs }) => ({
    observe: async (object, context, live) => ({
      identity: await proofs.prove(identityOf(object), context, live.wants('identity')),
    }),
    perform: async () => ({}),
  }),
};
