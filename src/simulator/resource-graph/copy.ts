import type { AuthorizationPart } from '../authorizer.ts';
import type { Frame } from '../frame.ts';
import { hostBody } from '../hosts/host-body.ts';
import type { HostsPart } from '../hosts/index.ts';
import { findType } from '../hosts/types.ts';
import { identityBody } from '../identities/identity-body.ts';
import type { PolicyAssignments } from '../policies/assignments.ts';
import { History } from '../world/history.ts';
import { parseScope, scopeKey } from '../world/scope.ts';
import type { Resource } from '../world/world.ts';
import type { Table } from './query/run.ts';
import type { Column } from './query/values.ts';

/** A resource as Resource Graph holds it: its body at the time of its last change. */
export interface Copied {
  readonly id: string;
  /** As the type's own right to read it has it. */
  readonly type: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What Resource Graph answers from: a copy that is behind what there is (docs/azure-facts.md section 6). */
export class ResourceGraphCopy {
  readonly #history: History<Copied>;

  /** Everything that changes from now on is copied. */
  constructor(
    frame: Frame,
    parts: {
      readonly hosts: HostsPart;
      readonly authorization: AuthorizationPart;
      readonly policyAssignments: PolicyAssignments;
    },
  ) {
    const { clock, random, knobs, world } = frame;
    this.#history = new History(clock, random, () => ({
      listLagMs: knobs.values.propagation.resourceGraphLagMs,
      readAfterWriteMs: 0,
    }));
    world.onPut((resource) => {
      const copied = copyOf(frame, parts.hosts, resource);
      if (copied) this.#set(copied);
    });
    world.onRemoved(({ id }) => this.#delete(id));
    const follow = (type: string) => (id: string, body: object | undefined) => {
      if (body) this.#set({ id, type, body: { ...body } });
      else this.#delete(id);
    };
    parts.authorization.onAssignment(follow('Microsoft.Authorization/roleAssignments'));
    parts.policyAssignments.onChanged(follow('Microsoft.Authorization/policyAssignments'));
  }

  /** What it shows by now. */
  shown(): Copied[] {
    return this.#history.list();
  }

  settle(): void {
    this.#history.settle();
  }

  #set(copied: Copied): void {
    this.#history.set(scopeKey(copied.id), copied);
  }

  #delete(id: string): void {
    this.#history.delete(scopeKey(id));
  }
}

/** Resources that stand by themselves, and slots; what lies beneath others, credentials among it, is not there. */
function copyOf(frame: Frame, { frame: hosts, types }: HostsPart, resource: Resource): Copied | undefined {
  const { id, name, type, location, tags } = resource;
  const identity = frame.identities.get(id);
  if (identity) return { id, type, body: identityBody(identity) as Copied['body'] };
  const host = hosts.hosts.get(id);
  const hostType = host && findType(types(), host.type);
  if (host && hostType) return { id, type, body: hostBody(hosts, hostType, host) };
  if (type.split('/').length !== 2) return undefined;
  return { id, type, body: { name, location, tags } };
}

/** The columns of every table. */
const COLUMNS: readonly Column[] = [
  ...[
    'id',
    'name',
    'type',
    'tenantId',
    'kind',
    'location',
    'resourceGroup',
    'subscriptionId',
    'managedBy',
  ].map((name) => ({ name, type: 'string' }) as const),
  ...['sku', 'plan', 'properties', 'tags', 'identity', 'zones', 'extendedLocation'].map(
    (name) => ({ name, type: 'dynamic' }) as const,
  ),
];

/** In which table a type is; the types of all others are in `resources`. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'microsoft.authorization/roleassignments': 'authorizationresources',
  'microsoft.authorization/policyassignments': 'policyresources',
};

export const TABLES = ['resources', 'authorizationresources', 'policyresources'] as const;

/** Types and groups are in lower case there, ids as they are. Undefined for a table that is not simulated. */
export function tableOf(
  name: string,
  copied: readonly Copied[],
  { tenantId, mayRead }: { readonly tenantId: string; readonly mayRead: (copied: Copied) => boolean },
): Table | undefined {
  if (!(TABLES as readonly string[]).includes(name)) return undefined;
  const own = copied
    .filter(({ type }) => (ELSEWHERE[type.toLowerCase()] ?? 'resources') === name)
    .filter(mayRead);
  return { columns: COLUMNS, rows: own.map((each) => rowOf(each, tenantId)) };
}

function rowOf({ id, type, body }: Copied, tenantId: string) {
  const scope = parseScope(id);
  return {
    ...Object.fromEntries(
      COLUMNS.map(({ name, type: of }) => [name, body[name] ?? (of === 'string' ? '' : null)]),
    ),
    id,
    type: type.toLowerCase(),
    tenantId,
    subscriptionId: 'subscriptionId' in scope ? (scope.subscriptionId ?? '') : '',
    resourceGroup: 'resourceGroup' in scope ? (scope.resourceGroup ?? '').toLowerCase() : '',
  };
}
