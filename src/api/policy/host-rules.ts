import { z } from 'zod';
import { shaped } from '../schema/cel-rules.ts';
import { HOST_TYPE, identityArmIdInRule } from '../schema/host-fields.ts';
import { identityRefsOrIds } from './rules.ts';

/** What an IdentityPolicy says of resources that carry identities. */

/** A subscription, a resource group, or one resource; what lies beneath is included. */
const hostScope = shaped(
  z.string().max(1024),
  /^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9](\/providers(\/[^/?#%\\\s]+){3,9})?)?$/,
  {
    expected: 'the ARM id of a subscription, a resource group or a resource',
    cheaply:
      "self.startsWith('/subscriptions/') && !self.endsWith('/') && self.split('/')[2].size() == 36 && (self.split('/').size() == 3 || self.split('/')[3] in ['resourceGroups', 'resourcegroups'])",
  },
);

const hostRule = {
  types: z
    .array(
      shaped(z.string().min(1).max(200), new RegExp(`^\\*$|${HOST_TYPE.source}`), {
        expected: 'a resource type such as Microsoft.Compute/virtualMachines, or * for all that azid knows',
        remedy: 'there are no other patterns: name each type',
      }),
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
        identities: identityRefsOrIds(
          identityArmIdInRule(),
          'ARM ids of identities that objects may name by identityId.',
        ),
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
