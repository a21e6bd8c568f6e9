import { assignmentExpiryKind } from '../reconcilers/assignment-expiry/index.ts';
import type { KindDefinition } from '../reconcilers/definition.ts';
import { eventSourceKind } from '../reconcilers/event-source/index.ts';
import { federatedIdentityCredentialKind } from '../reconcilers/federated-identity-credential/index.ts';
import { hostIdentityKind } from '../reconcilers/host-identity/index.ts';
import { identityAttachmentKind } from '../reconcilers/identity-attachment/index.ts';
import { identityPolicyKind } from '../reconcilers/identity-policy/index.ts';
import { orphanRecordKind } from '../reconcilers/orphan-record/index.ts';
import { orphanSweepKind } from '../reconcilers/orphan-sweep/index.ts';
import { roleGrantKind } from '../reconcilers/role-grant/index.ts';
import { systemAssignedIdentityKind } from '../reconcilers/system-assigned-identity/index.ts';
import { userAssignedIdentityKind } from '../reconcilers/user-assigned-identity/index.ts';

/** The kinds that azid reconciles. */
export const KINDS: readonly KindDefinition[] = [
  identityPolicyKind,
  eventSourceKind,
  orphanSweepKind,
  userAssignedIdentityKind,
  federatedIdentityCredentialKind,
  roleGrantKind,
  assignmentExpiryKind,
  hostIdentityKind,
  identityAttachmentKind,
  systemAssignedIdentityKind,
  orphanRecordKind,
];
