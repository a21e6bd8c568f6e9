import type { Frame } from '../frame.ts';
import type { ArmRequest, Operation, Params } from '../http/operation.ts';
import { ArmError } from '../http/operation.ts';
import { assertSameLocation } from '../resources/locations.ts';
import { NAMESPACE_TYPE, type Namespaces } from '../service-bus/queues/namespaces.ts';
import { scopeKey } from '../world/scope.ts';
import { badRequest, type Kept, type KeptResources, locationOf, readBody, typeOperations } from './kept.ts';

/** 6 to 50 letters, digits and dashes, the first a letter, the last no dash. */
const NAME = /^[a-z][a-z0-9-]{4,48}[a-z0-9]$/i;
const TIERS = ['Basic', 'Standard', 'Premium'];
/** Two of Azure's own, and what it keeps for itself. */
const RESERVED = /(-sb|-mgmt)$/i;

/** Service Bus namespaces over ARM. What a broker does by them: the name, the tier of its queues, whether keys are taken. */
export function namespaceOperations(
  frame: Frame,
  kept: KeptResources,
  namespaces: Namespaces,
): readonly Operation[] {
  const find = (id: string): Kept | undefined => {
    const one = namespaces.namespaces().find((each) => scopeKey(each.id) === scopeKey(id));
    if (!one) return undefined;
    return kept.get(id) ?? shown(one, { sku: { name: 'Standard', tier: 'Standard' }, properties: {} });
  };

  /** Made by the control endpoint, it has what Azure gives by default. */
  const shown = (
    { id, name, host }: { id: string; name: string; host: string },
    given: Partial<Kept>,
  ): Kept => ({
    id,
    name,
    type: NAMESPACE_TYPE,
    location: frame.world.resource(id)?.location ?? '',
    tags: {},
    ...given,
    properties: {
      disableLocalAuth: false,
      minimumTlsVersion: '1.2',
      publicNetworkAccess: 'Enabled',
      zoneRedundant: false,
      ...given.properties,
      provisioningState: 'Succeeded',
      status: 'Active',
      serviceBusEndpoint: `https://${host}:443/`,
    },
  });

  const put = (request: ArmRequest, { subscriptionId = '', resourceGroup = '', name = '' }: Params): Kept => {
    const body = readBody(request.body);
    const location = locationOf(body);
    const tier = body.sku?.name ?? 'Standard';
    if (!NAME.test(name) || RESERVED.test(name))
      throw badRequest(`The specified service namespace is invalid. '${name}'`);
    if (!TIERS.includes(tier))
      throw badRequest(`The sku '${tier}' is not valid. Expected one of: ${TIERS.join(', ')}.`);
    const other = namespaces.byName(name);
    if (other && scopeKey(other.id) !== scopeKey(request.path)) throw taken(name);
    const existing = kept.get(request.path);
    if (existing) assertSameLocation({ name, resourceGroup, location: existing.location ?? '' }, location);
    const keysOff = body.properties?.disableLocalAuth === true;
    const made = namespaces.createNamespace({ subscriptionId, resourceGroup, name, location });
    namespaces.useKeys(made, !keysOff);
    const one = shown(made, {
      location,
      tags: body.tags ?? {},
      sku: { ...body.sku, name: tier, tier },
      properties: body.properties ?? {},
    });
    kept.put(one);
    return one;
  };

  return typeOperations({
    frame,
    type: NAMESPACE_TYPE,
    plural: 'serviceBusNamespaces',
    find,
    made: 201,
    put,
  });
}

/** Unique in the world. The text is known from public reports. */
const taken = (name: string) =>
  new ArmError(
    409,
    'Conflict',
    `SubCode=40900. Namespace name '${name}' is not available. Reason: NameInUse. Please use another name.`,
  );
