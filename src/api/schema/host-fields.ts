/** Fields of kinds that name hosts: resources that can carry identities (docs/azure-facts.md section 7). */
import { z } from 'zod';
import { noEndBlanks, noLookalikes, shaped } from './cel-rules.ts';

/**
 * Annotation of an attachment or a SystemAssignedIdentity: its identity may be taken off a resource that names it elsewhere.
 * Its value is the properties that do, as the refusal says them, so that one that was forgotten allows no other use.
 */
export const DETACH_IN_USE_ANNOTATION = 'azid.dev/detach-in-use';

/** Any resource in a resource group; a slot has two pairs of type and name. Control characters and `? # % \` are in no id. */
const HOST_ID =
  /^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9]\/providers\/[a-zA-Z0-9.]+(\/[^/?#%\\\s]+\/[^/?#%\\\s]+){1,4}$/;

/** `Microsoft.Compute/virtualMachines`, `Microsoft.Web/sites/slots`. */
export const HOST_TYPE = /^[a-zA-Z0-9]+(\.[a-zA-Z0-9]+)+(\/[a-zA-Z0-9]+){1,3}$/;

export const hostId = () =>
  shaped(z.string().min(1).max(1024), HOST_ID, {
    expected:
      'the ARM id of a resource in a resource group: /subscriptions/<id>/resourceGroups/<group>/providers/<namespace>/<type>/<name>',
    remedy: '`az resource show --query id` shows it',
  }).meta({ 'x-kubernetes-validations': [noEndBlanks, noLookalikes] });

export const hostType = () =>
  shaped(z.string().min(3).max(200), HOST_TYPE, {
    expected: 'a resource type such as Microsoft.Compute/virtualMachines',
  });

export const hostApiVersion = () =>
  shaped(z.string().max(32), /^[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?$/, {
    expected: 'an API version of Azure such as 2025-04-01 or 2025-04-01-preview',
  })
    .optional()
    .describe(
      'API version for a resource type that azid does not know: with it the resource is read and patched as most are. A policy must name the type. Not allowed for types that azid knows.',
    );

export const allowReplace = () =>
  z
    .boolean()
    .default(false)
    .describe(
      'Some types (Logic Apps of the Consumption plan, Container Instances, AKS) take no change of the identity alone: the whole resource is read, changed and put back. What Azure hides in reads, such as secrets, may be lost by that; azid refuses where it can see that something is hidden.',
    );

/** An ARM id of a user-assigned identity. */
const IDENTITY_ID =
  /^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9]\/providers\/[mM]icrosoft\.[mM]anaged[iI]dentity\/user[aA]ssigned[iI]dentities\/[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$/;

const AN_IDENTITY_ID = {
  expected:
    'the ARM id of a user-assigned identity: /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>',
  remedy: '`az identity show --query id` shows it',
} as const;

export const identityArmId = () => shaped(z.string().max(400), IDENTITY_ID, AN_IDENTITY_ID);

/** The same in the rules of a policy. */
export const identityArmIdInRule = () =>
  shaped(z.string().max(400), IDENTITY_ID, {
    ...AN_IDENTITY_ID,
    cheaply:
      "self.startsWith('/subscriptions/') && self.split('/').size() == 9 && self.split('/')[2].size() == 36 && self.split('/')[8].size() >= 3",
  });
