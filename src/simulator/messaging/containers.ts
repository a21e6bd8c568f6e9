import type { Frame } from '../frame.ts';
import type { ArmRequest, Operation, Params } from '../http/operation.ts';
import { ArmError } from '../http/operation.ts';
import { readBody } from './body.ts';
import type { Kept, KeptResources } from './kept.ts';
import { typeOperations } from './type-operations.ts';

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
