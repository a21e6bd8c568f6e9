import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { KINDS } from '../../api/index.ts';
import type { ManagedStatus } from '../../api/schema/common.ts';
import { REMEMBERED, type Remembered } from '../../api/schema/remembered.ts';
import { statusReader } from './remembered.ts';

const NOW = Date.parse('2026-11-29T10:00:00Z');
const GUID = '11111111-2222-4333-8444-555555555555';
const RG = `/subscriptions/${GUID}/resourceGroups/rg1`;
const WEB = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const VM = `${RG}/providers/Microsoft.Compute/virtualMachines/vm1`;

/** What azid writes there, of each kind of text. */
const SOUND: Readonly<Record<string, readonly string[]>> = {
  identityId: [WEB, WEB.toLowerCase(), `${WEB}/`],
  credentialId: [`${WEB}/federatedIdentityCredentials/azid-x`],
  assignmentId: [
    `${RG}/providers/Microsoft.Authorization/roleAssignments/${GUID}`,
    `${VM}/providers/Microsoft.Authorization/roleAssignments/${GUID}`,
    `/providers/Microsoft.Authorization/roleAssignments/${GUID}`,
    `/providers/Microsoft.Management/managementGroups/top/providers/Microsoft.Authorization/roleAssignments/${GUID}`,
  ],
  roleDefinitionId: [
    `/subscriptions/${GUID}/providers/Microsoft.Authorization/roleDefinitions/${GUID}`,
    `/providers/Microsoft.Authorization/roleDefinitions/${GUID}`,
  ],
  resourceId: [VM, WEB, `${RG}/providers/Microsoft.Web/sites/app/slots/blue`],
  guid: [GUID, 'AAAAAAAA-2222-4333-8444-555555555555'],
  name: ['rg1', 'web_1', 'westeurope', 'a.(b)'],
  past: ['2026-11-29T10:00:00Z', '1970-01-01T00:00:00Z', '2026-11-29T09:59:59.123Z'],
  pause: ['2026-11-29T10:00:00Z', '2026-11-29T10:59:00Z'],
};

/** Written by whoever: nothing of any kind. */
const JUNK = [
  '',
  'x',
  '/',
  '//',
  '/subscriptions',
  '/subscriptions/x/%2f',
  `/subscriptions/${GUID}`,
  `/subscriptions/x${WEB.slice(14 + GUID.length)}`,
  `${RG}/providers/Microsoft.X/ys`,
  `${WEB}/../other`,
  'é/ü/\u0000',
  `/subscriptions/${'x'.repeat(1_000)}`,
];

const nameOf = (what: Remembered) => (typeof what === 'object' ? 'pause' : what);

const isLeave = (schema: z.core.$ZodType) =>
  schema instanceof z.ZodType && schema.meta()?.[REMEMBERED] === 'leave';

/** Every text in a schema, with what it remembers. */
function textsOf(
  schema: z.core.$ZodType,
  path: string,
): { path: string; schema: z.ZodType; what?: Remembered }[] {
  if (schema instanceof z.ZodOptional) return textsOf(schema.def.innerType, path);
  // Dropped as a whole, whatever it holds.
  if (isLeave(schema)) return [];
  if (schema instanceof z.ZodArray) return textsOf(schema.def.element, `${path}[]`);
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.def.shape).flatMap(([name, member]) => textsOf(member, `${path}.${name}`));
  if (!(schema instanceof z.ZodString)) return [];
  const what = schema.meta()?.[REMEMBERED] as Remembered | undefined;
  return [{ path, schema, ...(what !== undefined && { what }) }];
}

/** A status that has the text at this path, and everything around it that is needed. */
function withText(schema: z.core.$ZodType, path: readonly string[], text: string): unknown {
  if (schema instanceof z.ZodOptional) return withText(schema.def.innerType, path, text);
  if (schema instanceof z.ZodArray) return [withText(schema.def.element, path, text)];
  if (!(schema instanceof z.ZodObject)) return path.length === 0 ? text : undefined;
  const [name, ...rest] = path;
  return Object.fromEntries(
    Object.entries(schema.def.shape).flatMap(([key, member]) => {
      if (key === name) return [[key, withText(member, rest, text)]];
      return member instanceof z.ZodOptional ? [] : [[key, anyOf(member)]];
    }),
  );
}

function anyOf(schema: z.core.$ZodType): unknown {
  if (schema instanceof z.ZodArray) return [];
  if (schema instanceof z.ZodObject) return withText(schema, [], '');
  if (schema instanceof z.ZodEnum) return schema.options[0];
  if (schema instanceof z.ZodBoolean) return true;
  if (schema instanceof z.ZodNumber) return 1;
  const what =
    schema instanceof z.ZodString ? (schema.meta()?.[REMEMBERED] as Remembered | undefined) : undefined;
  return what === undefined ? 'any' : SOUND[nameOf(what)]?.[0];
}

const ALL = KINDS.flatMap((kind) =>
  textsOf(kind.status, kind.resource.kind).map(({ path, what }) => ({ path, what, kind })),
);
const REMEMBERING = ALL.flatMap(({ what, ...each }) => (what === undefined ? [] : [{ ...each, what }]));
const see = ({ path, kind }: (typeof ALL)[number], text: string) => {
  const keys = path.replaceAll('[]', '').split('.').slice(1);
  const given = withText(kind.status, keys, text) as ManagedStatus;
  return { given, read: statusReader(kind.status)(given, NOW) };
};

it('every text of a status that is an id or a time says so', () => {
  const named = /(id|ids|ledger|at|since|time|before|until)(\[\])?$/i;
  const silent = ALL.filter(({ path, what }) => what === undefined && named.test(path)).map(
    ({ path }) => path,
  );
  expect(silent.sort()).toEqual(
    [
      // Of the object in Kubernetes.
      'HostIdentity.entries[].owners[].uid',
      'HostIdentity.systemAssigned.owners[].uid',
      // Told, and read by nobody: the end that binds stands in the spec.
      'AssignmentExpiry.status.expiresAt',
      // The value of an annotation, whatever somebody wrote there.
      ...KINDS.map(({ resource }) => `${resource.kind}.lastHandledReconcileAt`),
      // For people, who find the call by it in Azure's Activity Log.
      ...KINDS.filter(({ status }) => 'activity' in status.shape).map(
        ({ resource }) => `${resource.kind}.activity[].correlationId`,
      ),
    ]
      .map((path) => path.replace('.status', ''))
      .sort(),
  );
});

describe.each(REMEMBERING)('$path', (field) => {
  const name = nameOf(field.what);
  const isTime = name === 'past' || name === 'pause';

  it('is believed where it is as azid writes it', () => {
    for (const text of SOUND[name] ?? []) {
      const { given, read } = see(field, text);
      expect(read, text).toBe(given);
    }
  });

  it('is not believed where it is nothing of the kind, and the rest is a status all the same', () => {
    for (const text of JUNK) {
      if (name === 'name' && text === 'x') continue;
      const { given, read } = see(field, text);
      expect(read, text).not.toBe(given);
      if (text !== '') expect(JSON.stringify(read)).not.toContain(JSON.stringify(text));
      // So that it can be written.
      expect(field.kind.status.safeParse(read).error, text).toBeUndefined();
      // And is believed from then on.
      expect(statusReader(field.kind.status)(read, NOW), text).toBe(read);
    }
  });

  if (isTime)
    it('does not lie ahead of what it can be', () => {
      const { read } = see(field, '2099-01-01T00:00:00Z');
      const latest = name === 'past' ? '2026-11-29T10:00:00Z' : '2026-11-29T11:00:00Z';
      expect(JSON.stringify(read)).toContain(latest);
      expect(JSON.stringify(read)).not.toContain('2099');
    });
  else
    it('takes no id of another kind of thing', () => {
      const others = Object.entries(SOUND).filter(([other]) => other !== name);
      const alike: Readonly<Record<string, readonly string[]>> = {
        // An identity is a resource, and so is what hangs on one.
        resourceId: ['identityId', 'credentialId', 'assignmentId', 'roleDefinitionId'],
        name: ['guid', 'past', 'pause'],
      };
      for (const [other, texts] of others)
        if (!alike[name]?.includes(other))
          for (const text of texts) {
            if (SOUND[name]?.includes(text)) continue;
            const { given, read } = see(field, text);
            expect(read, text).not.toBe(given);
          }
    });
});

it('leave that an object gives to others is believed of this process alone; what stands beside it stays', () => {
  const given = KINDS.flatMap(({ resource, status }) =>
    Object.entries(status.shape).flatMap(([name, member]) =>
      member instanceof z.ZodOptional && isLeave(member.unwrap())
        ? [{ kind: resource.kind, name, member, status }]
        : [],
    ),
  );
  expect(given.map(({ kind, name }) => `${kind}.${name}`).toSorted()).toEqual([
    'IdentityAttachment.rolloutSlots',
    'SystemAssignedIdentity.released',
  ]);
  for (const { name, member, status } of given) {
    const forged = { observedGeneration: 3, [name]: anyOf(member.unwrap()) } as ManagedStatus;
    expect(statusReader(status)(forged, NOW), name).toEqual({ observedGeneration: 3 });
  }
});

it('what is sound beside it stays, in its order', () => {
  const grant = KINDS.find(({ resource }) => resource.kind === 'RoleGrant');
  const [first = '', second = ''] = SOUND.assignmentId ?? [];
  const status = { ledger: [first, 'x', second], assignmentId: 'y', roleContent: 'z', observedGeneration: 3 };
  expect(grant && statusReader(grant.status)(status as ManagedStatus, NOW)).toEqual({
    ledger: [first, second],
    roleContent: 'z',
    observedGeneration: 3,
  });
});
