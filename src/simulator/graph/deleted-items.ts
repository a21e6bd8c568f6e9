import type { Directory, Principal } from '../directory.ts';
import type { ArmRequest, Operation } from '../http/operation.ts';
import { bodyOf, notThere } from './directory-objects.ts';

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
