import { z } from 'zod';
import { versionsOf } from '../../catalog/versions.ts';
import { ArmError, type ArmRequest, type ArmResponse, type Operation } from '../../http/operation.ts';
import { scopeKey } from '../../world/scope.ts';
import type { Host } from '../host.ts';
import { parseHostId, sameType } from '../host.ts';
import type { HostFrame } from '../part.ts';
import { type HostType, SITES, SLOTS } from '../types.ts';
import { hostNotFound } from './write.ts';

const GROUP = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers';
const STORAGE = 'Microsoft.Storage/storageAccounts';
const CONTAINER_APPS = 'Microsoft.App/containerApps';

/** What clients ask of a resource on their way to its identity: a site's configuration, an app's secrets, a name's freedom. */
export function companionOperations(frame: HostFrame): readonly Operation[] {
  return [
    siteConfig(frame, SITES, `${GROUP}/Microsoft.Web/sites/{name}/config/web`),
    siteConfig(frame, SLOTS, `${GROUP}/Microsoft.Web/sites/{parent}/slots/{name}/config/web`),
    publishingProfile(frame, SITES, `${GROUP}/Microsoft.Web/sites/{name}/publishxml`),
    publishingProfile(frame, SLOTS, `${GROUP}/Microsoft.Web/sites/{parent}/slots/{name}/publishxml`),
    {
      id: 'containerApps.listSecrets',
      method: 'POST',
      pattern: `${GROUP}/${CONTAINER_APPS}/{name}/listSecrets`,
      resourceType: CONTAINER_APPS,
      apiVersions: versionsOf(CONTAINER_APPS),
      action: `${CONTAINER_APPS}/listSecrets/action`,
      handle: (request) => ({ status: 200, body: { value: secretsOf(parentOf(frame, request, 1)) } }),
    },
    {
      id: 'storageAccounts.checkNameAvailability',
      method: 'POST',
      pattern: '/subscriptions/{subscriptionId}/providers/Microsoft.Storage/checkNameAvailability',
      resourceType: STORAGE,
      apiVersions: versionsOf(STORAGE),
      action: 'Microsoft.Storage/checknameavailability/read',
      handle: (request) => checkName(frame, request),
    },
  ];
}

function siteConfig(frame: HostFrame, type: HostType, pattern: string): Operation {
  return {
    id: `${type.area}.getConfiguration`,
    method: 'GET',
    pattern,
    resourceType: type.type,
    apiVersions: type.apiVersions,
    action: `${type.type}/config/read`,
    handle(request) {
      const host = parentOf(frame, request, 2);
      const given = host.properties.siteConfig;
      return {
        status: 200,
        body: {
          id: `${host.id}/config/web`,
          name: host.name.split('/').at(-1),
          type: `${type.type}/config`,
          location: host.location,
          properties: {
            numberOfWorkers: 1,
            linuxFxVersion: '',
            alwaysOn: false,
            http20Enabled: false,
            minTlsVersion: '1.2',
            ftpsState: 'FtpsOnly',
            acrUseManagedIdentityCreds: false,
            acrUserManagedIdentityID: null,
            keyVaultReferenceIdentity: host.properties.keyVaultReferenceIdentity ?? 'SystemAssigned',
            ...(typeof given === 'object' ? given : {}),
          },
        },
      };
    },
  };
}

/** Without secrets: nothing can be published to a simulated site. */
function publishingProfile(frame: HostFrame, type: HostType, pattern: string): Operation {
  return {
    id: `${type.area}.listPublishingProfile`,
    method: 'POST',
    pattern,
    resourceType: type.type,
    apiVersions: type.apiVersions,
    action: `${type.type}/publishxml/action`,
    handle(request) {
      const { name } = parentOf(frame, request, 1);
      const label = name.replace('/', '-');
      const url = `ftps://${label}.ftp.azurewebsites.windows.net/site/wwwroot`;
      const profile = `<publishProfile profileName="${label} - FTP" publishMethod="FTP" publishUrl="${url}" userName="$${label}" userPWD="" />`;
      return { status: 200, xml: `<publishData>${profile}</publishData>` };
    },
  };
}

/** With their values: what GET of the app hides. */
function secretsOf({ properties }: Host): unknown[] {
  const { configuration } = properties as { configuration?: { secrets?: unknown[] | null } };
  return configuration?.secrets ?? [];
}

const nameSchema = z.object({ name: z.string().min(1) });
/** Storage accounts share one name space over all of Azure. */
const STORAGE_NAME = /^[a-z0-9]{3,24}$/;

function checkName({ hosts }: HostFrame, request: ArmRequest): ArmResponse {
  const parsed = nameSchema.safeParse(request.body);
  if (!parsed.success)
    throw new ArmError(400, 'InvalidRequestContent', "The request content was invalid: 'name'.");
  const { name } = parsed.data;
  const refuse = (reason: string, message: string) => ({
    status: 200,
    body: { nameAvailable: false, reason, message },
  });
  if (!STORAGE_NAME.test(name))
    return refuse(
      'AccountNameInvalid',
      `${name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.`,
    );
  const taken = hosts.all().some((host) => sameType(host.type, STORAGE) && host.name === name);
  if (taken) return refuse('AlreadyExists', `The storage account named ${name} is already taken.`);
  return { status: 200, body: { nameAvailable: true } };
}

/** The host a path beneath it belongs to; `depth` segments are the companion's own. */
function parentOf(frame: HostFrame, request: ArmRequest, depth: number): Host {
  const id = request.path.split('/').slice(0, -depth).join('/');
  const host = frame.hosts.get(id);
  if (host) return host;
  const at = parseHostId(id);
  if (!at) throw new Error(`expected ${scopeKey(id)} to be the id of a resource`);
  throw hostNotFound(at, at);
}
