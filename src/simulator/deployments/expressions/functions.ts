import { ArmError } from '../../http/operation.ts';
import { baseOf, type TemplateFunction } from './scope.ts';
import { COLLECTIONS, VALUES } from './values.ts';

/** Where a deployment is, and the ids of what is there. */
const RESOURCES: Readonly<Record<string, TemplateFunction>> = {
  resourcegroup: (_, { group }) => {
    if (group) return group;
    throw new ArmError(
      400,
      'InvalidTemplate',
      "Deployment template validation failed: 'The template function 'RESOURCEGROUP' is not expected at this location. Please see https://aka.ms/arm-functions for usage details.'",
    );
  },
  subscription: (_, { subscriptionId, tenantId }) => ({
    subscriptionId,
    tenantId,
    id: `/subscriptions/${subscriptionId}`,
  }),
  tenant: (_, { tenantId }) => ({ tenantId }),
  deployment: (_, { deployment }) => ({ ...deployment, properties: {} }),
  environment: () => ({ name: 'AzureCloud' }),
  resourceid: (args, scope) => resourceId(baseOf(scope), args.map(String)),
  subscriptionresourceid: (args, { subscriptionId }) =>
    resourceId(`/subscriptions/${subscriptionId}`, args.map(String)),
  tenantresourceid: (args) => resourceId('', args.map(String)),
  extensionresourceid: ([at, ...args]) => resourceId(String(at), args.map(String)),
  reference: ([target, apiVersion, full], scope) =>
    scope.reference(
      String(target),
      String(full).toLowerCase() === 'full',
      typeof apiVersion === 'string' ? apiVersion : undefined,
    ),
};

/** A type and the names of its parts, interleaved beneath a scope; a subscription and a group may be named before them. */
function resourceId(at: string, args: readonly string[]): string {
  const start = args.findIndex((each) => each.includes('/'));
  const [type = '', ...names] = args.slice(start);
  const scope = scopeOf(at, args.slice(0, start));
  const [namespace = '', ...types] = type.split('/');
  return `${scope}/providers/${namespace}/${types.map((each, i) => `${each}/${names[i] ?? ''}`).join('/')}`;
}

function scopeOf(at: string, before: readonly string[]): string {
  const [group, subscription = at.split('/')[2] ?? ''] = [...before].reverse();
  if (group === undefined) return at;
  // At the level of a subscription a single one is another subscription.
  if (before.length === 1 && !/\/resourcegroups\//i.test(at)) return `/subscriptions/${group}`;
  return `/subscriptions/${subscription}/resourceGroups/${group}`;
}

/** By name in lower case; what asks for its arguments one by one is in the reader. */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  ...VALUES,
  ...COLLECTIONS,
  ...RESOURCES,
};

/** What Azure has beside them. */
export const NOT_SIMULATED: ReadonlySet<string> = new Set(
  `base64 base64tojson base64tostring buildurl cidrhost cidrsubnet datauri datauritostring datetimeadd datetimefromepoch
  datetimetoepoch deployer float formatjson getsecret groupby indexfromend list listaccountsas listkeys listkeyvalue
  listsecrets managementgroup managementgroupresourceid mapvalues newguid objectkeys parsecidr parseuri parsebicep pickzones
  providers references shallowmerge tryget trygetfromend tryindexfromend uri uricomponent uricomponenttostring utcnow
  zones`
    .trim()
    .split(/\s+/),
);
