import { expect, test } from 'vitest';
import { HOST_CAPABILITIES } from '../../azure/hosts/types/capabilities.ts';
import { AZURE_RESOURCES } from './azure-resources.ts';

test('every type that azid calls is named, as the label has it, with what it is called by', () => {
  const named = Object.keys(AZURE_RESOURCES);
  expect(named).toEqual(named.map((each) => each.toLowerCase()));
  for (const { type } of HOST_CAPABILITIES) expect(named).toContain(type.toLowerCase());
  const askedByPost = Object.keys(AZURE_RESOURCES).filter((each) => !AZURE_RESOURCES[each]?.includes('GET'));
  expect(askedByPost).toEqual([
    'microsoft.managedidentity/userassignedidentities/listassociatedresources',
    'microsoft.resourcegraph/resources',
  ]);
});
