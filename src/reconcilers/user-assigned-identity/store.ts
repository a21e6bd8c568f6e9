import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { concernedTerms } from '../proof/concerned.ts';
import { azureNamesOf, INDEX, type StoreDefinition } from '../stores.ts';

export const store: StoreDefinition<UserAssignedIdentity> = {
  name: 'identities',
  indexes: { [INDEX.azureName]: azureNamesOf, [INDEX.concerned]: concernedTerms },
};
