import { type Stage, sdkCalls } from './calls.ts';
import { has } from './host-calls.ts';

const definitions = ({ client }: Stage) =>
  client('@azure/arm-authorization', 'AuthorizationManagementClient').roleDefinitions;
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const [OWN, SECOND] = ['11111111-1111-4111-8111-1111111111aa', '11111111-1111-4111-8111-1111111111ab'];

sdkCalls(
  'arm-authorization, role definitions',
  ['@azure/arm-authorization'],
  [
    {
      name: 'roleDefinitions.list by name',
      call: (s) => definitions(s).list(s.group, { filter: "roleName eq 'Reader'" }),
      out: [{ roleName: 'Reader', roleType: 'BuiltInRole', name: READER }],
    },
    {
      name: 'roleDefinitions.list',
      call: (s) => definitions(s).list(s.group),
      out: has({ roleName: 'Owner' }),
    },
    {
      name: 'roleDefinitions.get',
      call: (s) => definitions(s).get(s.group, READER),
      out: { roleName: 'Reader', permissions: [{ actions: ['*/read'] }] },
    },
    {
      name: 'roleDefinitions.getById',
      call: (s) =>
        definitions(s).getById(
          `subscriptions/${s.subscription}/providers/Microsoft.Authorization/roleDefinitions/${READER}`,
        ),
      out: { roleName: 'Reader' },
    },
    {
      name: 'roleDefinitions.createOrUpdate',
      call: (s) =>
        definitions(s).createOrUpdate(s.group, OWN, {
          roleName: 'Mine',
          roleType: 'CustomRole',
          description: 'd',
          permissions: [{ actions: ['*/read'], notActions: [] }],
          assignableScopes: [s.group],
        }),
      out: { roleName: 'Mine', roleType: 'CustomRole', name: OWN },
    },
    {
      name: 'a second one of that name is refused',
      call: (s) =>
        definitions(s).createOrUpdate(s.group, SECOND, {
          roleName: 'Mine',
          roleType: 'CustomRole',
          permissions: [{ actions: ['*/read'], notActions: [] }],
          assignableScopes: [s.group],
        }),
      refused: [409, 'RoleDefinitionWithSameNameExists'],
    },
    {
      name: 'roleDefinitions.delete',
      call: (s) => definitions(s).delete(s.group, OWN),
      out: { roleName: 'Mine' },
    },
  ],
);
