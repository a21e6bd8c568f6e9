import type { Frame } from '../frame.ts';
import type { ArmRequest, Operation, Params } from '../http/operation.ts';
import { ArmError } from '../http/operation.ts';
import { readBody } from './body.ts';
import type { KeptResources } from './kept.ts';
import { typeOperations } from './type-operations.ts';

const TYPE = 'Microsoft.Storage/storageAccounts/managementPolicies';

type Part = Readonly<Record<string, unknown>>;
const partOf = (value: unknown): Part =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};

/** The one policy of a storage account, by which blobs are deleted after days. A PUT replaces it whole. */
export function managementPolicyOperations(frame: Frame, kept: KeptResources): readonly Operation[] {
  return typeOperations({
    frame,
    type: TYPE,
    plural: 'managementPolicies',
    find: (id) => kept.get(id),
    made: 200,
    listed: false,
    put(request: ArmRequest, { name = '' }: Params) {
      if (name.toLowerCase() !== 'default')
        throw new ArmError(400, 'InvalidResourceName', `The policy is named 'default', not '${name}'.`);
      const { policy } = readBody(request.body).properties ?? {};
      const wrong = wrongIn(partOf(policy).rules);
      if (wrong !== undefined) throw new ArmError(400, 'InvalidRequestPropertyValue', wrong);
      const lastModifiedTime = new Date(frame.clock.now()).toISOString();
      // Azure calls it so, whatever its id says.
      const one = { id: request.path, name: 'DefaultManagementPolicy', type: TYPE };
      const made = { ...one, properties: { lastModifiedTime, policy } };
      kept.register(made);
      return made;
    },
  });
}

/** What Azure requires of rules, or nothing. */
function wrongIn(rules: unknown): string | undefined {
  if (!Array.isArray(rules) || rules.length === 0 || rules.length > 100)
    return `'policy.rules' must have 1 to 100 rules.`;
  for (const [i, each] of rules.entries()) {
    const at = `policy.rules[${i}]`;
    const { name, type, definition } = partOf(each);
    if (typeof name !== 'string' || !/^[a-z0-9-]{1,256}$/i.test(name)) return `'${at}.name' is not valid.`;
    if (type !== 'Lifecycle') return `'${at}.type' must be 'Lifecycle'.`;
    const { actions, filters } = partOf(definition);
    const { blobTypes } = partOf(filters);
    if (!Array.isArray(blobTypes) || !blobTypes.every((one) => one === 'blockBlob' || one === 'appendBlob'))
      return `'${at}.definition.filters.blobTypes' must be of 'blockBlob' and 'appendBlob'.`;
    const { delete: deletion } = partOf(partOf(actions).baseBlob);
    const wrong = Object.entries(partOf(deletion)).find(
      ([, days]) => !Number.isInteger(days) || Number(days) < 0,
    );
    if (wrong) return `'${at}.definition.actions.baseBlob.delete.${wrong[0]}' must be a whole number.`;
  }
  return undefined;
}
