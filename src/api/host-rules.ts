import { z } from 'zod';
import { HOST_TYPE, identityArmId } from './host-fields.ts';
import { somebody } from './policy-rules.ts';

/** What an IdentityPolicy says of resources that carry identities. */

/** A subscription, a resource group, or one resource; what lies beneath is included. */
const hostScope = z
  .string()
  .max(1024)
  .regex(
    /^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9](\/providers(\/[^/?#%\\\s]+){3,9})?)?$/,
  );

const hostRule = {
  types: z
    .array(
      z
        .string()
        .min(1)
        .max(200)
        .regex(new RegExp(`^\\*$|${HOST_TYPE.source}`)),
    )
    .min(1)
    .max(64)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe(
      'Resource types, in any case; `*` is every type that azid knows. A type that it does not know must be named.',
    ),
  scopes: z
    .array(hostScope)
    .min(1)
    .max(64)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe('Subscriptions, resource groups and resources; what lies beneath is included.'),
  adopt: z
    .boolean()
    .optional()
    .describe('Objects with adoption: Adopt may take over what is there already. Default: false.'),
};

export const attachmentRules = () =>
  z
    .array(
      z.object({
        ...hostRule,
        selectors: z
          .boolean()
          .optional()
          .describe(
            'Resources may be chosen by selector. Whoever can tag a resource can then give it the identity. Default: false.',
          ),
        identities: z
          .object({
            identityRefs: z
              .boolean()
              .optional()
              .describe("Identities of the object's own namespace. Default: true."),
            ids: z
              .array(identityArmId())
              .max(256)
              .optional()
              .meta({ 'x-kubernetes-list-type': 'set' })
              .describe('ARM ids of identities that objects may name by identityId.'),
          })
          .optional()
          .meta({ 'x-kubernetes-validations': [somebody] }),
      }),
    )
    .min(1)
    .max(32)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe('To which resources identities may be attached. Absent: to none.');

export const systemAssignedRules = () =>
  z
    .array(z.object(hostRule))
    .min(1)
    .max(32)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe('Which resources may have their system-assigned identity switched on. Absent: none.');
