import { type AssignmentExpiry, assignmentExpiry } from '../../../src/api/assignment-expiry.ts';
import { type HostIdentity, hostIdentity } from '../../../src/api/host-identity.ts';
import { type IdentityAttachment, identityAttachment } from '../../../src/api/identity-attachment.ts';
import { identityPolicy } from '../../../src/api/identity-policy.ts';
import { type RoleGrant, roleGrant } from '../../../src/api/role-grant.ts';
import {
  type SystemAssignedIdentity,
  systemAssignedIdentity,
} from '../../../src/api/system-assigned-identity.ts';
import { type UserAssignedIdentity, userAssignedIdentity } from '../../../src/api/user-assigned-identity.ts';
import { type ConfigMap, configMaps } from '../../../src/kube/builtin.ts';
import type { KubeObject } from '../../../src/kube/types.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../testbed.ts';

/** An identity as the simulated Azure has it, lags aside. */
export interface AzureState {
  readonly id: string;
  readonly name: string;
  readonly principalId: string;
  readonly clientId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly isolationScope?: string;
}

/** A role assignment that azid's own identity does not hold. */
export interface AssignmentState {
  readonly id: string;
  readonly principalId: string;
  readonly role: string;
  readonly scope: string;
  readonly condition: string;
  readonly description: string;
}

/** A resource that carries identities, as the simulated Azure has it. */
export interface HostState {
  readonly id: string;
  readonly name: string;
  /** Another one for each creation under the id. */
  readonly uniqueId: string;
  /** Principal of its system-assigned identity; empty when it is off. */
  readonly system: string;
  /** By name; the principal is empty for a dead entry. */
  readonly attached: readonly { readonly name: string; readonly principalId: string }[];
}

/** The whole of one run's world: its namespace in Kubernetes and its own Azure. */
export class State {
  readonly objects: readonly KubeObject[];
  readonly maps: readonly ConfigMap[];
  readonly azure: readonly AzureState[];
  readonly assignments: readonly AssignmentState[];
  readonly hosts: readonly HostState[];

  constructor(
    objects: readonly KubeObject[],
    maps: readonly ConfigMap[],
    azure: readonly AzureState[],
    assignments: readonly AssignmentState[] = [],
    hosts: readonly HostState[] = [],
  ) {
    this.objects = objects;
    this.maps = maps;
    this.azure = azure;
    this.assignments = assignments;
    this.hosts = hosts;
  }

  object(name: string): UserAssignedIdentity | undefined {
    return this.objects.find(
      ({ kind, metadata }) => kind === userAssignedIdentity.resource.kind && metadata.name === name,
    ) as UserAssignedIdentity | undefined;
  }

  grant(name: string): RoleGrant | undefined {
    return this.objects.find(
      ({ kind, metadata }) => kind === roleGrant.resource.kind && metadata.name === name,
    ) as RoleGrant | undefined;
  }

  /** True when the grant is Ready at its present generation and Azure has exactly what its status tells of. */
  granted(name: string): boolean {
    const grant = this.grant(name);
    const ready = grant?.status?.conditions?.find(({ type }) => type === 'Ready');
    const { assignmentId, ledger = [] } = grant?.status ?? {};
    return (
      ready?.status === 'True' &&
      ready.observedGeneration === grant?.metadata.generation &&
      ledger.join() === assignmentId &&
      this.assignments.some(({ id }) => id === assignmentId)
    );
  }

  attachment(name: string): IdentityAttachment | undefined {
    return this.#find(identityAttachment.resource.kind, name);
  }

  systemIdentity(name: string): SystemAssignedIdentity | undefined {
    return this.#find(systemAssignedIdentity.resource.kind, name);
  }

  /** The ledgers there are, of all hosts. */
  get ledgers(): readonly HostIdentity[] {
    return this.objects.filter(({ kind }) => kind === hostIdentity.resource.kind) as HostIdentity[];
  }

  /** The records of ends there are. */
  get expiries(): readonly AssignmentExpiry[] {
    return this.objects.filter(({ kind }) => kind === assignmentExpiry.resource.kind) as AssignmentExpiry[];
  }

  /** Names of the identities on a resource, `name!` for a dead entry; undefined where it does not exist. */
  on(host: string): string | undefined {
    const found = this.hosts.find(({ name }) => name === host);
    return found?.attached.map(({ name, principalId }) => `${name}${principalId ? '' : '!'}`).join();
  }

  /** True when the attachment is Ready at its present generation. */
  attached(name: string): boolean {
    const object = this.attachment(name);
    const ready = object?.status?.conditions?.find(({ type }) => type === 'Ready');
    return ready?.status === 'True' && ready.observedGeneration === object?.metadata.generation;
  }

  #find<T extends KubeObject>(wanted: string, name: string): T | undefined {
    return this.objects.find(({ kind, metadata }) => kind === wanted && metadata.name === name) as
      | T
      | undefined;
  }

  map(name: string): ConfigMap | undefined {
    return this.maps.find(({ metadata }) => metadata.name === name);
  }

  identity(name: string): AzureState | undefined {
    return this.azure.find((each) => each.name === name);
  }

  /** `Ready` of an object as `status/reason`, e.g. `False/AlreadyExists`; undefined before its initial condition. */
  ready(name: string): string | undefined {
    const object = this.object(name);
    const ready = object?.status?.conditions?.find(({ type }) => type === 'Ready');
    if (!ready || ready.observedGeneration !== object?.metadata.generation) return undefined;
    return `${ready.status}/${ready.reason}`;
  }

  /** True when the object is Ready at its present generation and tells of the identity that Azure has. */
  inSync(name: string): boolean {
    const principalId = this.object(name)?.status?.principalId;
    return this.ready(name) === 'True/Ready' && principalId === this.identity(name)?.principalId;
  }
}

export async function readState(
  cluster: Pick<Cluster, 'list'>,
  world: World,
  namespace: string,
): Promise<State> {
  const [identities, grants, attachments, systemIdentities, ledgers, expiries, policies, maps, assignments] =
    await Promise.all([
      cluster.list(userAssignedIdentity.resource),
      cluster.list(roleGrant.resource),
      cluster.list(identityAttachment.resource),
      cluster.list(systemAssignedIdentity.resource),
      cluster.list(hostIdentity.resource),
      cluster.list(assignmentExpiry.resource),
      cluster.list(identityPolicy.resource),
      cluster.list(configMaps),
      assignmentsIn(world),
    ]);
  return new State(
    [
      ...[...identities, ...grants, ...attachments, ...systemIdentities].filter(
        (each) => each.metadata.namespace === namespace,
      ),
      // In azid's namespace; the run's own, since each begins with a clean cluster.
      ...ledgers,
      ...expiries,
      ...policies,
    ],
    maps.filter(({ metadata }) => metadata.namespace === namespace && metadata.name !== 'kube-root-ca.crt'),
    world.azure.control
      .identities()
      .filter(({ name }) => name !== 'azid-controller')
      .map(({ id, name, principalId, clientId, tags, isolationScope }) => ({
        id,
        name,
        principalId,
        clientId,
        tags: tags ?? {},
        ...(isolationScope !== undefined && { isolationScope }),
      })),
    assignments,
    hostsIn(world),
  );
}

function hostsIn({ azure: { control } }: World): readonly HostState[] {
  return control.hosts({}).map(({ id, name, uniqueId, system, attached }) => ({
    id,
    name,
    uniqueId,
    system: system?.principalId ?? '',
    attached: sortedBy(
      attached.map((each) => ({
        name: each.id.split('/').at(-1) ?? '',
        principalId: each.principalId ?? '',
      })),
      (each) => each.name,
    ),
  }));
}

async function assignmentsIn({ azure: { control } }: World): Promise<readonly AssignmentState[]> {
  const own = control.identities({}).find(({ name }) => name === 'azid-controller')?.principalId;
  const path = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01`;
  const { body } = await control.arm({ method: 'GET', path });
  const { value } = body as { value: readonly { id: string; properties: Record<string, string | null> }[] };
  return value
    .map(({ id, properties }) => ({
      id,
      principalId: properties.principalId ?? '',
      role: properties.roleDefinitionId?.split('/').at(-1) ?? '',
      scope: properties.scope ?? '',
      condition: properties.condition ?? '',
      description: properties.description ?? '',
    }))
    .filter(({ principalId, scope }) => principalId !== own && scope !== '/');
}

/**
 * The state as two runs may be compared by: names of the run, versions and times masked; every UUID replaced by its
 * number in order of appearance, so that who shares one with whom is still compared.
 */
export function normalised(state: State, namespace: string): unknown {
  const seen = new Map<string, string>();
  const plain = {
    objects: sortedBy(state.objects.map(normalObject), ({ kind, name }) => `${kind}/${name}`),
    configMaps: sortedBy(
      state.maps.map(({ metadata, data }) => ({
        name: metadata.name,
        labels: metadata.labels ?? {},
        owners: (metadata.ownerReferences ?? []).map(({ name, uid }) => ({ name, uid })),
        data: data ?? {},
      })),
      ({ name }) => name,
    ),
    azure: sortedBy(state.azure, ({ id }) => id),
    hosts: sortedBy(state.hosts, ({ id }) => id),
    // By what they say: their names follow from ids that differ from run to run.
    assignments: sortedBy(
      state.assignments,
      ({ scope, role, description }) => `${scope} ${role} ${description}`,
    ),
  };
  return masked(plain, (text) =>
    text
      .replaceAll(namespace, '$ns')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, (uuid) => {
        const known = seen.get(uuid) ?? `<uuid ${seen.size + 1}>`;
        seen.set(uuid, known);
        return known;
      }),
  );
}

function normalObject(object: KubeObject & { readonly spec?: unknown; readonly status?: unknown }) {
  const { kind, metadata, spec } = object;
  // `lastWriteTime` and `activity` are told by the process that wrote; one that died cannot, and its successor did not write, or wrote
  // the same once more.
  // Nor are messages compared, in full or in short.
  const {
    conditions,
    observedGeneration,
    lastWriteTime: _,
    activity: _a,
    summary: _s,
    ...own
  } = statusOf(object);
  return {
    kind,
    name: metadata.name,
    uid: metadata.uid,
    deleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
    spec,
    status: own,
    observed: observedGeneration === metadata.generation,
    conditions: sortedBy(
      // Whether a grant is known to act by now is a matter of the time that passed, not of what was done.
      (conditions ?? []).map(({ type, status, reason }) =>
        type === 'Propagated' ? type : `${type}=${status}/${reason}`,
      ),
      (each) => each,
    ),
  };
}

function statusOf(object: { readonly status?: unknown }): NonNullable<UserAssignedIdentity['status']> {
  return (object.status ?? {}) as NonNullable<UserAssignedIdentity['status']>;
}

function sortedBy<T>(list: readonly T[], by: (each: T) => string): T[] {
  return [...list].sort((a, b) => (by(a) < by(b) ? -1 : 1));
}

/** Members in the order of their names, so that masks number alike. */
function masked(value: unknown, mask: (text: string) => string): unknown {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((each) => masked(each, mask));
  if (typeof value !== 'object' || value === null) return value;
  const entries = sortedBy(Object.entries(value), ([name]) => name);
  return Object.fromEntries(entries.map(([name, each]) => [mask(name), masked(each, mask)]));
}

/** Lines that differ, `-` as expected and `+` as got; empty when equal. */
export function difference(expected: unknown, got: unknown): string {
  const before = lines(expected);
  const after = lines(got);
  return [
    ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
    ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ].join('\n');
}

/** One `path: value` per leaf. */
function lines(value: unknown, path = ''): Set<string> {
  if (typeof value !== 'object' || value === null) return new Set([`${path}: ${JSON.stringify(value)}`]);
  const entries = Object.entries(value);
  if (entries.length === 0) return new Set([`${path}: (empty)`]);
  return new Set(entries.flatMap(([name, each]) => [...lines(each, path ? `${path}.${name}` : name)]));
}
