import type { Frame } from '../frame.ts';
import { ArmError, type ArmRequest, type Operation, type Params } from '../http/operation.ts';
import { type Kept, type KeptResources, readBody, typeOperations } from './kept.ts';

const SERVICE_TYPE = 'Microsoft.Storage/storageAccounts/blobServices';
export const CONTAINER_TYPE = `${SERVICE_TYPE}/containers`;
/** 3 to 63 lower-case letters, digits and single dashes. */
const NAME = /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/;

/** The blob service of a storage account, and its containers: where Event Grid puts what it cannot deliver. */
export function containerOperations(frame: Frame, kept: KeptResources): readonly Operation[] {
  const find = (id: string) => kept.get(id);
  /** It comes with its account. */
  const findService = (id: string): Kept | undefined => {
    const [account = '', name] = id.split(/\/blobServices\//i);
    if (!frame.world.resource(account) || name?.toLowerCase() !== 'default') return undefined;
    return kept.get(id) ?? { id, name: 'default', type: SERVICE_TYPE, properties: {} };
  };
  const keep = (type: string, request: ArmRequest, name: string): Kept => {
    const properties = readBody(request.body).properties ?? {};
    const one = { id: request.path, name, type, properties };
    kept.register(one);
    return one;
  };
  const service = (request: ArmRequest, { name = '' }: Params) => {
    if (name.toLowerCase() === 'default') return keep(SERVICE_TYPE, request, name);
    throw new ArmError(400, 'InvalidResourceName', `The blob service is named 'default', not '${name}'.`);
  };
  const container = (request: ArmRequest, { name = '' }: Params) => {
    if (NAME.test(name)) return keep(CONTAINER_TYPE, request, name);
    // The text is known from public reports.
    throw new ArmError(
      400,
      'ContainerOperationFailure',
      'The specified resource name contains invalid characters.',
    );
  };
  return [
    ...typeOperations({
      frame,
      type: SERVICE_TYPE,
      plural: 'blobServices',
      find: findService,
      made: 200,
      put: service,
    }),
    ...typeOperations({
      frame,
      type: CONTAINER_TYPE,
      plural: 'blobContainers',
      find,
      made: 201,
      put: container,
    }),
  ];
}

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
      // Azure names it so, though its id ends in `default`.
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
