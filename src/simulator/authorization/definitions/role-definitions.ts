import { z } from 'zod';
import { versionsOf } from '../../catalog/versions.ts';
import {
  ArmError,
  type ArmRequest,
  type ArmResponse,
  type Operation,
  type Params,
} from '../../http/operation.ts';
import { isGuid, parseScope, scopeKey, scopeOf } from '../../world/scope.ts';
import { moment } from '../assignments/assignment-body.ts';
import { malformed } from '../assignments/assignment-errors.ts';
import { type AuthorizationParts, assertVerdict } from '../rights.ts';
import { assignableAt, definitionId, type RoleDefinition } from './definitions.ts';

const DEFINITION_TYPE = 'Microsoft.Authorization/roleDefinitions';

const strings = z
  .array(z.string())
  .nullish()
  .transform((given) => given ?? []);
const bodySchema = z.object({
  properties: z.object({
    roleName: z.string().min(1),
    description: z.string().nullish(),
    assignableScopes: z.array(z.string().min(1)).min(1),
    permissions: z
      .array(
        z.object({ actions: strings, notActions: strings, dataActions: strings, notDataActions: strings }),
      )
      .min(1),
  }),
});

/** Role definitions: the built-in ones and custom ones (docs/azure-facts.md section 5). */
export function roleDefinitionOperations(parts: AuthorizationParts): Operation[] {
  const one = {
    pattern: '{+scope}/providers/Microsoft.Authorization/roleDefinitions/{id}',
    resourceType: DEFINITION_TYPE,
    apiVersions: versionsOf(DEFINITION_TYPE),
  } as const;
  return [
    {
      ...one,
      id: 'roleDefinitions.list',
      pattern: '{+scope}/providers/Microsoft.Authorization/roleDefinitions',
      method: 'GET',
      action: `${DEFINITION_TYPE}/read`,
      handle: (request, params) => list(parts, request, scopeOf(params)),
    },
    {
      ...one,
      id: 'roleDefinitions.get',
      method: 'GET',
      action: `${DEFINITION_TYPE}/read`,
      handle: (_request, params) => {
        const found = parts.definitions.get(params.id ?? '');
        if (!found) throw notFound(params.id ?? '');
        return { status: 200, body: definitionAnswer(found, scopeOf(params)) };
      },
    },
    {
      ...one,
      id: 'roleDefinitions.createOrUpdate',
      method: 'PUT',
      action: `${DEFINITION_TYPE}/write`,
      handle: (request, params) => write(parts, request, params),
    },
    {
      ...one,
      id: 'roleDefinitions.delete',
      method: 'DELETE',
      action: `${DEFINITION_TYPE}/delete`,
      handle: (_request, params) => remove(parts, params),
    },
  ];
}

function list({ frame, definitions }: AuthorizationParts, request: ArmRequest, scope: string): ArmResponse {
  const filter = readDefinitionFilter(request.query.get('$filter'));
  const lineage = frame.world.lineage(scope);
  const isBelow = (assignable: string) => frame.world.lineage(assignable).includes(scopeKey(scope));
  const shown = definitions
    .all()
    .filter((definition) => selects(filter, definition))
    .filter(
      (definition) =>
        assignableAt(definition, lineage) || (filter.below && definition.assignableScopes.some(isBelow)),
    );
  // One page, however many there are: up to 419 were seen in one (docs/azure-facts.md section 16.9).
  return { status: 200, body: { value: shown.map((each) => definitionAnswer(each, scope)) } };
}

/** `$filter` of a role definition list. */
interface DefinitionFilter {
  /** Lower-case. */
  readonly roleName?: string;
  readonly roleType?: string;
  readonly below: boolean;
}

const DEFINITION_ATOM =
  /^(?:roleName\s+eq\s+'(?<name>(?:[^']|'')+)'|type\s+eq\s+'(?<type>\w+)'|(?<below>atScopeAndBelow\(\)))$/i;

function readDefinitionFilter(text: string | undefined): DefinitionFilter {
  let filter: DefinitionFilter = { below: false };
  if (text === undefined || text.trim() === '') return filter;
  for (const part of text.trim().split(/\s+and\s+(?=roleName\s|type\s|atScope)/i)) {
    const groups = DEFINITION_ATOM.exec(part.trim())?.groups;
    if (!groups) throw malformed(`The filter '${text}' is not supported.`);
    filter = {
      ...filter,
      below: filter.below || groups.below !== undefined,
      ...(groups.name !== undefined && { roleName: groups.name.replaceAll("''", "'").toLowerCase() }),
      ...(groups.type !== undefined && { roleType: groups.type.toLowerCase() }),
    };
  }
  return filter;
}

function selects({ roleName, roleType }: DefinitionFilter, definition: RoleDefinition): boolean {
  return (
    (roleName === undefined || definition.roleName.toLowerCase() === roleName) &&
    (roleType === undefined || definition.roleType.toLowerCase() === roleType)
  );
}

/** Always 201, also for a change: the SDK takes no other success. */
function write(
  { frame, definitions, rights }: AuthorizationParts,
  request: ArmRequest,
  params: Params,
): ArmResponse {
  const guid = (params.id ?? '').toLowerCase();
  const parsed = bodySchema.safeParse(request.body);
  if (!isGuid(guid) || !parsed.success) throw malformed();
  const { roleName, description, assignableScopes, permissions } = parsed.data.properties;
  const existing = definitions.get(guid);
  if (existing?.roleType === 'BuiltInRole') throw malformed('Built-in roles cannot be changed.');
  const namesake = definitions.byName(roleName);
  if (namesake && namesake.guid !== guid)
    throw new ArmError(
      409,
      'RoleDefinitionWithSameNameExists',
      `A role definition cannot be created or updated with the name '${roleName}' that already exists.`,
    );
  for (const scope of assignableScopes)
    assertVerdict(
      rights.authorize(
        request.caller,
        `${DEFINITION_TYPE}/write`,
        `${scope}${definitionId(guid, undefined)}`,
      ),
    );
  const now = frame.clock.now();
  const by = request.caller.objectId;
  const definition: RoleDefinition = {
    guid,
    roleName,
    description: description ?? null,
    roleType: 'CustomRole',
    assignableScopes,
    permissions,
    createdOn: existing?.createdOn ?? now,
    createdBy: existing?.createdBy ?? by,
    updatedOn: now,
    updatedBy: by,
  };
  definitions.put(definition);
  // The answer does not have yet who made it; every later read does (docs/azure-facts.md section 16.9).
  return { status: 201, body: definitionAnswer({ ...definition, createdBy: null }, scopeOf(params)) };
}

function remove({ definitions, assignments }: AuthorizationParts, params: Params): ArmResponse {
  const existing = definitions.get(params.id ?? '');
  if (!existing) return { status: 204 };
  if (existing.roleType === 'BuiltInRole') throw malformed('Built-in roles cannot be deleted.');
  if (assignments.all().some(({ roleGuid }) => roleGuid === existing.guid))
    throw new ArmError(
      400,
      'RoleDefinitionHasAssignments',
      'There are existing role assignments referencing role.',
    );
  definitions.delete(existing.guid);
  return { status: 200, body: definitionAnswer(existing, scopeOf(params)) };
}

/** Asked at a group or resource, the id is at the subscription all the same. */
function definitionAnswer(definition: RoleDefinition, askedAt: string) {
  const scope = parseScope(askedAt);
  return {
    properties: {
      roleName: definition.roleName,
      type: definition.roleType,
      description: definition.description,
      assignableScopes: definition.assignableScopes,
      permissions: definition.permissions.map(({ condition, ...sets }) => ({
        ...sets,
        ...(condition && { condition: condition.text, conditionVersion: '2.0' }),
      })),
      createdOn: moment(definition.createdOn),
      updatedOn: moment(definition.updatedOn),
      createdBy: definition.createdBy,
      updatedBy: definition.updatedBy,
    },
    id: definitionId(definition.guid, 'subscriptionId' in scope ? scope.subscriptionId : undefined),
    type: DEFINITION_TYPE,
    name: definition.guid,
  };
}

const notFound = (guid: string) =>
  new ArmError(
    404,
    'RoleDefinitionDoesNotExist',
    `The specified role definition with ID '${guid}' does not exist.`,
  );
