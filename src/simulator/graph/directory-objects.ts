import { z } from 'zod';
import { ArmError, type ArmRequest, type Operation } from '../http/operation.ts';
import type { Directory, Principal } from '../world/directory.ts';

const SERVICE_PRINCIPALS = '/{version}/servicePrincipals';

/** Graph answers at most so many ids at once (docs/azure-facts.md section 6). */
const MAX_IDS = 1000;
const idsSchema = z.object({ ids: z.array(z.string()).max(MAX_IDS), types: z.array(z.string()).nullish() });

/** Service principals by id, application id and name; users and groups as far as the control endpoint made any. */
export function directoryOperations({ directory }: { readonly directory: Directory }): Operation[] {
  const common = { resourceType: 'Microsoft.Graph', apiVersions: ['v1.0', 'beta'], action: '' };
  const list = (pattern: string, id: string, type: Principal['type']): Operation => ({
    ...common,
    id,
    method: 'GET',
    pattern,
    handle: (request) => ({ status: 200, body: collection(request, filtered(directory, type, request)) }),
  });
  return [
    list(SERVICE_PRINCIPALS, 'graph.servicePrincipals.list', 'ServicePrincipal'),
    list('/{version}/users', 'graph.users.list', 'User'),
    list('/{version}/groups', 'graph.groups.list', 'Group'),
    {
      ...common,
      id: 'graph.servicePrincipals.get',
      method: 'GET',
      pattern: `${SERVICE_PRINCIPALS}/{id}`,
      handle: (_request, { id = '' }) => ({ status: 200, body: bodyOf(found(directory.find(id), id)) }),
    },
    {
      ...common,
      id: 'graph.servicePrincipals.getByAppId',
      method: 'GET',
      pattern: `${SERVICE_PRINCIPALS}(appId='{appId}')`,
      handle: (_request, { appId = '' }) => ({
        status: 200,
        body: bodyOf(found(byAppId(directory, appId), appId)),
      }),
    },
    {
      ...common,
      id: 'graph.directoryObjects.getByIds',
      method: 'POST',
      pattern: '/{version}/directoryObjects/getByIds',
      handle(request) {
        const parsed = idsSchema.safeParse(request.body);
        if (!parsed.success)
          throw new ArmError(400, 'Request_BadRequest', `Expected at most ${MAX_IDS} ids.`);
        // Those that are not there, or not there yet, are simply absent (docs/azure-facts.md section 6).
        const objects = parsed.data.ids.flatMap((id) => directory.findReplicated(id) ?? []);
        return { status: 200, body: collection(request, objects) };
      },
    },
  ];
}

function collection({ origin, path }: ArmRequest, objects: readonly Principal[]) {
  return {
    '@odata.context': `${origin}/${path.split('/')[1]}/$metadata#${path.split('/').at(-1)}`,
    value: objects.map(bodyOf),
  };
}

function bodyOf(principal: Principal): Record<string, unknown> {
  const { objectId, appId, displayName, type, tenantId, createdAt } = principal;
  if (type !== 'ServicePrincipal')
    return {
      '@odata.type': `#microsoft.graph.${type.toLowerCase()}`,
      id: objectId,
      displayName,
      ...(type === 'User' && { userPrincipalName: `${displayName}@simulated.onmicrosoft.com` }),
    };
  return {
    '@odata.type': '#microsoft.graph.servicePrincipal',
    id: objectId,
    appId,
    displayName,
    appDisplayName: null,
    accountEnabled: true,
    appOwnerOrganizationId: null,
    createdDateTime: new Date(createdAt).toISOString(),
    servicePrincipalType: 'ManagedIdentity',
    servicePrincipalNames: [appId],
    alternativeNames: [],
    tags: [],
    tenantId,
  };
}

const ATOM =
  /^(?:(?<field>id|appId|displayName|userPrincipalName|mail)\s+eq\s+'(?<equal>(?:[^']|'')*)'|startswith\((?<start>\w+),\s*'(?<prefix>(?:[^']|'')*)'\)|servicePrincipalNames\/any\((?:\w+):\s*\w+\s+eq\s+'(?<name>[^']*)'\))$/i;

/** `eq` on the names a principal has, `startswith`, and `any` of the service principal names, joined by `or`. */
function filtered(directory: Directory, type: Principal['type'], request: ArmRequest): Principal[] {
  const all = directory.active().filter((each) => each.type === type);
  const text = request.query.get('$filter');
  if (text === undefined) return all;
  const tests = text.split(/\s+or\s+/i).map((part) => {
    const groups = ATOM.exec(part.trim())?.groups;
    if (!groups) throw new ArmError(400, 'Request_UnsupportedQuery', `Unsupported filter clause: '${text}'.`);
    return testOf(groups);
  });
  return all.filter((each) => tests.some((fits) => fits(each)));
}

function testOf(groups: Record<string, string | undefined>): (principal: Principal) => boolean {
  const { field, equal, prefix, name } = groups;
  if (name !== undefined) return ({ appId }) => same(appId, name);
  if (prefix !== undefined)
    return ({ displayName }) =>
      displayName.toLowerCase().startsWith(prefix.replaceAll("''", "'").toLowerCase());
  const wanted = (equal ?? '').replaceAll("''", "'");
  switch (field?.toLowerCase()) {
    case 'id':
      return ({ objectId }) => same(objectId, wanted);
    case 'appid':
      return ({ appId }) => same(appId, wanted);
    case 'displayname':
      return ({ displayName }) => same(displayName, wanted);
    default:
      return ({ displayName }) => same(`${displayName}@simulated.onmicrosoft.com`, wanted);
  }
}

const byAppId = (directory: Directory, appId: string) =>
  directory.active().find((each) => appId !== '' && same(each.appId, appId));

function found(principal: Principal | undefined, id: string): Principal {
  if (principal) return principal;
  throw notThere(id);
}

function notThere(id: string): ArmError {
  return new ArmError(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

const DELETED = '/{version}/directory/deletedItems';

/** Objects of a page, where `$top` does not say. */
const PAGE = 100;

const TYPES = { servicePrincipal: 'ServicePrincipal', user: 'User', group: 'Group' } as const;

/** What was deleted and can be restored for 30 days: one by its id, all of a type page by page (docs/azure-facts.md section 6). */
export function deletedItemOperations({ directory }: { readonly directory: Directory }): Operation[] {
  const common = {
    resourceType: 'Microsoft.Graph',
    apiVersions: ['v1.0', 'beta'],
    action: '',
    method: 'GET',
  } as const;
  return [
    ...Object.entries(TYPES).map(([name, type]) => ({
      ...common,
      id: `graph.deletedItems.list.${name}`,
      pattern: `${DELETED}/microsoft.graph.${name}`,
      handle: (request: ArmRequest) => ({
        status: 200,
        body: page(
          request,
          directory.deleted().filter((each) => each.type === type),
        ),
      }),
    })),
    {
      ...common,
      id: 'graph.deletedItems.get',
      pattern: `${DELETED}/{id}`,
      handle(_request, { id = '' }) {
        const found = directory.deleted().find(({ objectId }) => objectId === id.toLowerCase());
        if (!found) throw notThere(id);
        return { status: 200, body: deletedBody(found) };
      },
    },
  ];
}

const deletedBody = (principal: Principal) => ({
  ...bodyOf(principal),
  deletedDateTime: new Date(principal.deletedAt ?? 0).toISOString(),
});

function page(request: ArmRequest, found: readonly Principal[]) {
  const top = Math.max(1, Math.min(999, Number(request.query.get('$top') ?? PAGE) || PAGE));
  const skip = Number(request.query.get('$skiptoken') ?? 0) || 0;
  const query = new URLSearchParams([...request.query].filter(([name]) => name !== '$skiptoken'));
  query.set('$skiptoken', String(skip + top));
  return {
    '@odata.context': `${request.origin}/${request.path.split('/')[1]}/$metadata#${request.path.split('/').at(-1)}`,
    ...(found.length > skip + top && { '@odata.nextLink': `${request.origin}${request.path}?${query}` }),
    value: found.slice(skip, skip + top).map(deletedBody),
  };
}
