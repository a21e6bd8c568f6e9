/**
 * Internal, in azid's own namespace: when a role assignment of azid's ends, recorded before it is made and where the owner of
 * the grant cannot change it (docs/guarantees.md G23). Its name is the assignment's. What it says stands in the spec: a restore
 * without statuses must not turn what was given for an hour into something for good.
 */
import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { commonStatus } from './schema/common.ts';
import { azidResource, columnsOf, immutable, type KindSchema } from './schema/kind.ts';

const time = () => z.string().max(64).meta({ format: 'date-time' });

/** A RoleGrant that was given the assignment. */
const owner = z.object({
  namespace: z.string().max(63),
  name: z.string().max(253),
  uid: z.string().max(64),
  /** As a policy allowed it when it was recorded, or earlier than that. */
  expiresAt: time().optional().describe('When its grant ends. Absent: it was given one without an end.'),
});

const spec = z
  .object({
    assignmentId: z.string().min(1).max(1200).describe('ARM id of the role assignment.'),
    owners: z
      .array(owner)
      .max(100)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['uid'] })
      .describe('The RoleGrants that share it, each with the end of its own. The latest end binds.'),
    role: z.string().max(512).optional().describe('Name of the role, for people.'),
    principalId: z.string().max(36).optional().describe('Object id of the principal, for people.'),
  })
  .meta({
    'x-kubernetes-validations': [
      immutable('assignmentId', 'each assignment with an end has an AssignmentExpiry of its own'),
    ],
  });

const status = z.object({
  ...commonStatus,
  expiresAt: time().optional().describe('The latest end of all owners; absent while one has none.'),
});

type AssignmentExpirySpec = Readonly<z.input<typeof spec>>;
export type AssignmentExpiryStatus = Readonly<z.input<typeof status>>;
export type ExpiryOwner = Readonly<z.input<typeof owner>>;

/** So many are named; one more is given nothing if it has an end, and without one counts only while it lives and a policy allows it. */
export const MAX_EXPIRY_OWNERS = 100;

export interface AssignmentExpiry extends KubeObject {
  readonly spec: AssignmentExpirySpec;
  readonly status?: AssignmentExpiryStatus;
}

export const assignmentExpiry: KindSchema<AssignmentExpiry> = {
  resource: azidResource('AssignmentExpiry', 'assignmentexpiries', true),
  singular: 'assignmentexpiry',
  shortNames: ['expiry'],
  description:
    'Internal: when a role assignment ends that azid made for RoleGrants with an end. Written by azid alone.',
  spec,
  status,
  rules: [],
  internal: true,
  columns: columnsOf({
    wide: [
      { name: 'Role', type: 'string', jsonPath: '.spec.role' },
      { name: 'Expires', type: 'string', jsonPath: '.status.expiresAt' },
      { name: 'Assignment', type: 'string', jsonPath: '.spec.assignmentId' },
    ],
  }),
};
