/** The kinds of Kubernetes itself that azid uses, with the fields it uses. */
import type { KubeClient } from './client.ts';
import { type Condition, type KubeObject, objectPath, type Resource } from './types.ts';

export interface Namespace extends KubeObject {
  readonly status?: { readonly phase?: 'Active' | 'Terminating' };
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

/** `holderIdentity` '' or absent: no holder. Times are MicroTime strings. */
export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string;
}

/** events.k8s.io/v1. */
export interface Event extends KubeObject {
  readonly eventTime: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly regarding: ObjectReference;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

export interface CustomResourceDefinition extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly scope: 'Namespaced' | 'Cluster';
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
    }[];
  };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

export const namespaces: Resource<Namespace> = core('Namespace', 'namespaces', false);
export const configMaps: Resource<ConfigMap> = core('ConfigMap', 'configmaps', true);
export const serviceAccounts: Resource = core('ServiceAccount', 'serviceaccounts', true);
export const events: Resource<Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};
export const leases: Resource<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
export const customResourceDefinitions: Resource<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

function core(kind: string, plural: string, namespaced: boolean) {
  return { group: '', version: 'v1', kind, plural, namespaced };
}

/** A ServiceAccount token. `token` is a secret: never log it. */
interface IssuedToken {
  readonly token: string;
  /** RFC 3339; the server may have shortened or lengthened what was asked. */
  readonly expirationTimestamp: string;
}

/** TokenRequest (authentication.k8s.io/v1). The server's least lifetime is 600 s. */
export async function createToken(
  client: KubeClient,
  namespace: string,
  name: string,
  options: { readonly audiences: readonly string[]; readonly expirationSeconds?: number },
  signal: AbortSignal,
): Promise<IssuedToken> {
  const { status } = await client.transport.request<{ status: IssuedToken }>(
    {
      method: 'POST',
      path: objectPath(serviceAccounts, `${namespace}/${name}`, 'token'),
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: options },
    },
    signal,
  );
  return { token: status.token, expirationTimestamp: status.expirationTimestamp };
}

/**
 * Formats wall time (ms since the epoch) as a Kubernetes MicroTime. The API server answers 400 to the three digits
 * that `Date.toISOString` gives; MicroTime wants six (docs/kubernetes.md section 7).
 */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
