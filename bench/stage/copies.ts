/**
 * Many teams out of one (`template.ts`): each a namespace, a policy, a resource group and everything in them, as the controller
 * left them, with ids of their own. The names that prove ownership are computed anew.
 */
import { createHash } from 'node:crypto';
import { assignmentName } from '../../src/azure/names/assignment-name.ts';
import { credentialName } from '../../src/azure/names/credential-name.ts';
import { trailingGuid } from '../../src/azure/names/guid.ts';
import { hostIdentityName } from '../../src/reconcilers/hosts/ensure-hosts.ts';
import type { Legacy } from '../../test/support/takeover.ts';

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const DAY_MS = 24 * 3_600_000;

/** `subscriptions`: the teams are dealt out to them in turn; the first is that of the snapshot. */
export function copyTeams(legacy: Legacy, count: number, subscriptions: readonly string[]): Legacy {
  const installation = legacy.kubernetes.find(({ metadata }) => metadata.name === 'azid-installation');
  const kept = keptIds(legacy, installation?.data?.installationId ?? '', subscriptions[0] ?? '');
  const shared = legacy.kubernetes.filter((each) => each === installation);
  const copies = Array.from({ length: count }, (_, n) =>
    copyTeam(legacy, n, kept, subscriptions[n % subscriptions.length] ?? ''),
  );
  return {
    ...legacy,
    kubernetes: [...shared, ...copies.flatMap(({ kubernetes }) => kubernetes)],
    azure: {
      tenantId: legacy.azure.tenantId,
      principals: copies.flatMap(({ azure }) => azure.principals),
      identities: copies.flatMap(({ azure }) => azure.identities),
      credentials: copies.flatMap(({ azure }) => azure.credentials),
      assignments: copies.flatMap(({ azure }) => azure.assignments),
      hosts: copies.flatMap(({ azure }) => azure.hosts),
    },
  };
}

interface Kept {
  readonly installation: string;
  /** UUIDs that all copies have in common. */
  readonly ids: ReadonlySet<string>;
  /** Of the one that is copied. */
  readonly subscription: string;
}

function keptIds(legacy: Legacy, installation: string, subscription: string): Kept {
  const { tenantId, assignments } = legacy.azure;
  const roles = assignments.map(({ properties }) =>
    trailingGuid('role', String(properties.roleDefinitionId)),
  );
  return { installation, ids: new Set([installation, tenantId, ...roles]), subscription };
}

function copyTeam(
  legacy: Legacy,
  n: number,
  { installation, ids, subscription }: Kept,
  into: string,
): Legacy {
  const uuid = (old: string) => {
    if (ids.has(old)) return old;
    if (old === subscription) return into;
    const hex = createHash('sha256').update(`${n} ${old}`).digest('hex');
    // Begun as the old one is: a mark names its owners in the order of their uids.
    return `${old.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  };
  const { kubernetes, azure, taken } = legacy;
  const team = kubernetes.filter(({ metadata }) => metadata.name !== 'azid-installation');
  const [group, namespace] = [`rg-${n}`, `team-${n}`];
  const renamed = (given: string) => given.replaceAll(/\brg1\b/gi, group).replaceAll(UUID, uuid);
  const names = new Map<string, string>();
  for (const { properties, id } of azure.assignments) {
    const [scope, principalId] = [renamed(String(properties.scope)), renamed(String(properties.principalId))];
    const grant = { scope, principalId, role: renamed(String(properties.roleDefinitionId)) };
    names.set(lastOf(id), assignmentName(installation, grant));
  }
  for (const { id } of azure.credentials) {
    const [, name = ''] = /^team-a-(.*)-[0-9a-f]{12}-[0-9a-f]{20}$/.exec(lastOf(id)) ?? [];
    names.set(lastOf(id), credentialName(installation, { namespace, name }));
  }
  for (const { id } of azure.hosts) names.set(hostIdentityName(id), hostIdentityName(renamed(id)));
  names.set('rg1', group).set('RG1', group.toUpperCase()).set('team-a', namespace);
  // In one pass: no name is made of another one that was replaced already.
  const old = new RegExp([...names.keys(), UUID.source].map((each) => `\\b${each}\\b`).join('|'), 'g');
  const text = JSON.stringify({ taken, kubernetes: team, azure }).replaceAll(
    old,
    (name) => names.get(name) ?? uuid(name),
  );
  return JSON.parse(recent(text, taken.at)) as Legacy;
}

const lastOf = (id: string) => id.split('/').at(-1) ?? '';

/** As if it had been taken a day ago: what is temporary has not ended yet. */
function recent(text: string, takenAt: string): string {
  const shift = Math.floor((Date.now() - Date.parse(takenAt)) / DAY_MS) * DAY_MS;
  return text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (time) =>
    new Date(Date.parse(time) + shift).toISOString().replace(/\.000Z$/, 'Z'),
  );
}
