import { z } from 'zod';
import { shaped } from '../schema/shape.ts';

/** A subscription or a resource group; what lies beneath is included. */
export const scope = shaped(
  z.string().max(200),
  /^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9])?$/,
  {
    expected:
      'a subscription or resource group: /subscriptions/<id> or /subscriptions/<id>/resourceGroups/<group>',
  },
);

export const identityId = shaped(
  z.string().max(400),
  /^\/subscriptions\/[0-9a-fA-F-]{36}\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9]\/providers\/[mM]icrosoft\.[mM]anaged[iI]dentity\/user[aA]ssigned[iI]dentities\/[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$/,
  {
    expected:
      'the ARM id of a user-assigned identity: /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>',
    remedy: '`az identity show --query id` shows it',
  },
);

/** Anything a role can be granted on. */
export const grantScope = shaped(
  z.string().min(1).max(1024),
  /^\/$|^\/providers\/[mM]icrosoft\.[mM]anagement\/management[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9]$|^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\/[^/?#%\\]+)*$/,
  {
    expected: '/ (the tenant), or the ARM id of a management group, subscription, resource group or resource',
    cheaply:
      "self == '/' || !self.endsWith('/') && (self.startsWith('/providers/') && self.split('/').size() == 5 || self.startsWith('/subscriptions/') && self.split('/')[2].size() == 36)",
  },
);
