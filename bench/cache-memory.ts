/**
 * What the caches of Azure keep in memory: bytes of the heap for each identity, role assignment and role definition, as they come
 * parsed from Azure's answers. `node --expose-gc bench/cache-memory.ts --each 10000 --subscriptions 20`
 */
import { parseArgs } from 'node:util';
import type { RoleAssignment } from '@azure/arm-authorization';
import type { Identity } from '@azure/arm-msi';
import { type AzureIdentity, readIdentity } from '../src/azure/azure-identity.ts';
import { type AzureRoleAssignment, readAssignment } from '../src/azure/azure-role-assignment.ts';
import { rightsOf } from '../src/azure/permissions.ts';
import type { AzureRoleDefinition } from '../src/azure/role-definitions.ts';
import { assignmentDefinition } from '../src/cache/assignments.ts';
import { AzureCache } from '../src/cache/azure-cache.ts';
import { identityDefinition } from '../src/cache/identities.ts';
import { RoleCatalog } from '../src/cache/roles/catalog.ts';
import { FakeClock } from '../src/runtime/time/fake-clock.fixture.ts';

const { values } = parseArgs({
  options: {
    each: { type: 'string', default: '10000' },
    subscriptions: { type: 'string', default: '20' },
    roles: { type: 'string', default: '600' },
  },
});
const [each, subscriptions, roleCount] = [values.each, values.subscriptions, values.roles].map(Number) as [
  number,
  number,
  number,
];
const PAGE = 1_000;
const guid = (kind: number, n: number) =>
  `${kind.toString(16).padStart(8, '0')}-1111-4111-8111-${n.toString(16).padStart(12, '0')}`;
const subscription = (n: number) => guid(1, n);
/** As from the wire: no string is the same as another. */
const parsed = <T>(model: unknown) => JSON.parse(JSON.stringify(model)) as T;

function identity(n: number): AzureIdentity {
  const namespace = `team-${n % 200}`;
  return readIdentity(
    parsed<Identity>({
      id: `/subscriptions/${subscription(0)}/resourcegroups/rg-${namespace}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity-${n}`,
      name: `identity-${n}`,
      location: 'westeurope',
      clientId: guid(2, n),
      principalId: guid(3, n),
      tenantId: guid(4, 0),
      tags: {
        'azid-installation': guid(5, 0),
        'azid-owner': `${namespace}/identity-${n}`,
        'azid-owner-uid': guid(6, n),
        'cost-center': `cc-${n % 20}`,
      },
    }),
  );
}

function assignment(n: number): AzureRoleAssignment {
  const scope = `/subscriptions/${subscription(0)}/resourceGroups/rg-team-${n % 200}`;
  return readAssignment(
    parsed<RoleAssignment>({
      id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${guid(7, n)}`,
      name: guid(7, n),
      scope,
      roleDefinitionId: `/subscriptions/${subscription(0)}/providers/Microsoft.Authorization/roleDefinitions/${guid(8, n % 20)}`,
      principalId: guid(3, n % 2_000),
      principalType: 'ServicePrincipal',
      description: `for team-${n % 200}/grant-${n}, made by azid`,
    }),
  );
}

function role(area: string, n: number): AzureRoleDefinition {
  const actions = Array.from({ length: 12 }, (_, at) => `Microsoft.Provider${n}/things${at}/read`);
  return parsed({
    id: `${area}/providers/Microsoft.Authorization/roleDefinitions/${guid(8, n)}`,
    guid: guid(8, n),
    roleName: `Provider ${n} Contributor`,
    type: 'BuiltInRole',
    permissions: [{ actions, notActions: [], dataActions: [], notDataActions: [] }],
    assignableScopes: ['/'],
  });
}

function* pagesOf<T>(count: number, make: (n: number) => T): Generator<T[]> {
  for (let from = 0; from < count; from += PAGE)
    yield Array.from({ length: Math.min(PAGE, count - from) }, (_, at) => make(from + at));
}

const clock = new FakeClock();
const stopping = new AbortController();
const common = { clock, signal: stopping.signal, random: () => 0.5 };
const permissions = { at: async () => rightsOf([{ actions: ['*/read'], notActions: [] }]) };
const nothing = { observedBy: () => {}, get: () => Promise.reject(new Error('nobody asks')) };

const identities = new AzureCache(
  identityDefinition({
    permissions,
    identities: {
      ...nothing,
      async *list() {
        for (const page of pagesOf(each, identity)) yield { identities: page, requestedAt: 0 };
      },
    },
  }),
  common,
);
const assignments = new AzureCache(
  assignmentDefinition({
    permissions,
    assignments: {
      ...nothing,
      async *list() {
        for (const page of pagesOf(each, assignment)) yield { assignments: page, requestedAt: 0 };
      },
    },
  }),
  common,
);
const roles = new RoleCatalog({
  ...common,
  definitions: {
    ...nothing,
    find: nothing.get,
    async *list(area: string) {
      for (const page of pagesOf(roleCount, (n) => role(area, n))) yield { roles: page, requestedAt: 0 };
    },
  },
});

const heap = () => {
  for (let n = 0; n < 3; n++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};
async function measured(what: string, count: number, load: () => Promise<void>): Promise<void> {
  const before = heap();
  await load();
  await new Promise((resolve) => setImmediate(resolve));
  const bytes = heap() - before;
  process.stdout.write(
    `${count} ${what}: ${(bytes / 1024 / 1024).toFixed(1)} MiB, ${Math.round(bytes / count)} bytes each\n`,
  );
}

await measured('identities', each, async () => {
  identities.use('bench', [subscription(0)]);
  await identities.whenLoaded(subscription(0));
});
await measured('role assignments', each, async () => {
  const area = `/subscriptions/${subscription(0)}`;
  assignments.use('bench', [area]);
  await assignments.whenLoaded(area);
});
await measured('role definitions', roleCount * subscriptions, async () => {
  const areas = Array.from({ length: subscriptions }, (_, n) => `/subscriptions/${subscription(n)}`);
  roles.cache.use('bench', areas);
  for (const area of areas) await roles.cache.whenLoaded(area);
});
stopping.abort();
