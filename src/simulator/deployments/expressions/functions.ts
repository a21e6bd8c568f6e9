import { COLLECTIONS } from './collections.ts';
import { RESOURCES } from './resources.ts';
import type { TemplateFunction } from './scope.ts';
import { VALUES } from './values.ts';

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
