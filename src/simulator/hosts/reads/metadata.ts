import type { SignIns } from '../../graph/sign-ins.ts';
import { jsonReply, type Message, type Reply } from '../../http/message.ts';
import { type Listener, listen } from '../../http/server.ts';
import type { AccessTokens } from '../../token/access-tokens.ts';
import { scopeKey } from '../../world/scope.ts';
import type { Host } from '../host.ts';
import type { HostFrame } from '../part.ts';

interface OpenedMetadata {
  /** `http://127.0.0.1:<port>`: what `AZURE_POD_IDENTITY_AUTHORITY_HOST` names to `@azure/identity`. */
  readonly endpoint: string;
  /** For `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`, by which an app finds its identities in App Service. */
  readonly identityEndpoint: string;
  readonly identityHeader: string;
}

/** Managed identities get tokens for a day (Microsoft Learn, "How managed identities for Azure resources work"). */
const TOKEN_SECONDS = 24 * 3600;

/**
 * What a workload on a host gets of its identities: the instance metadata service of a virtual machine, and the
 * endpoint of App Service. One loopback server for each host that was opened; it follows the host as it changes, goes and
 * comes back.
 */
export class MetadataServers implements AsyncDisposable {
  readonly #listeners = new Map<string, Promise<{ listener: Listener; secret: string }>>();
  readonly #frame: HostFrame;
  readonly #tokens: AccessTokens;
  readonly #signIns: SignIns;

  constructor(frame: HostFrame, tokens: AccessTokens, signIns: SignIns) {
    this.#frame = frame;
    this.#tokens = tokens;
    this.#signIns = signIns;
  }

  /** The servers of a host; the same ones when opened again. */
  async open(hostId: string): Promise<OpenedMetadata> {
    const key = scopeKey(hostId);
    let opened = this.#listeners.get(key);
    if (!opened) {
      opened = this.#listen(hostId);
      this.#listeners.set(key, opened);
    }
    const { listener, secret } = await opened;
    const identityEndpoint = `${listener.origin}/msi/token`;
    return { endpoint: listener.origin, identityEndpoint, identityHeader: secret };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.all(this.#listeners.values());
    await Promise.all(opened.map(({ listener }) => listener[Symbol.asyncDispose]()));
  }

  async #listen(hostId: string): Promise<{ listener: Listener; secret: string }> {
    const secret = this.#frame.random.uuid();
    const answer = (message: Message) => this.#answer(hostId, secret, message);
    return { listener: await listen({ port: 0, answer }), secret };
  }

  async #answer(hostId: string, secret: string, message: Message): Promise<Reply> {
    // MSAL lets its paths end in a slash.
    const path = message.path.toLowerCase().replace(/\/$/, '');
    const onMachine = path === '/metadata/identity/oauth2/token';
    if (message.method !== 'GET' || (!onMachine && path !== '/msi/token'))
      return refusal(404, 'not_found', 'The requested page could not be found.');
    // The header keeps requests out that a browser or a redirect would make (Microsoft Learn, "acquire an access token").
    if (onMachine && message.headers.metadata?.toLowerCase() !== 'true')
      return refusal(400, 'bad_request_102', 'Required metadata header not specified');
    if (!onMachine && message.headers['x-identity-header'] !== secret)
      return refusal(401, 'unauthorized', 'The X-IDENTITY-HEADER is missing or wrong.');
    if (!message.query.get('api-version'))
      return refusal(400, 'invalid_request', "Required query variable 'api-version' is missing");
    const resource = message.query.get('resource');
    if (!resource) return refusal(400, 'invalid_request', "Required query variable 'resource' is missing");
    const host = this.#frame.hosts.get(hostId);
    const found = chooseIdentity(activeOf(this.#frame, host), message.query, !onMachine);
    if (typeof found === 'string') return refusal(400, 'invalid_request', found);
    this.#signIns.note({
      ...found,
      resource,
      identityId: found.identityId ?? hostId,
      kind: found.key === undefined ? 'SystemAssigned' : 'UserAssigned',
    });
    return this.#token(found, resource);
  }

  async #token({ principalId, clientId }: ActiveIdentity, resource: string): Promise<Reply> {
    const { clock, world } = this.#frame;
    const subject = { objectId: principalId, appId: clientId, tenantId: world.tenantId };
    const now = Math.floor(clock.now() / 1000);
    return jsonReply(200, {
      access_token: await this.#tokens.mint(subject, resource, TOKEN_SECONDS),
      client_id: clientId,
      expires_in: String(TOKEN_SECONDS),
      expires_on: String(now + TOKEN_SECONDS),
      ext_expires_in: String(TOKEN_SECONDS),
      not_before: String(now),
      resource,
      token_type: 'Bearer',
    });
  }
}

interface ActiveIdentity {
  readonly principalId: string;
  readonly clientId: string;
  /** `scopeKey` of a user-assigned identity; absent for the system-assigned one. */
  readonly key?: string;
  /** Its ARM id, likewise. */
  readonly identityId?: string;
}

/** The identities of a host that can act; entries of identities that are gone or were made again cannot. */
function activeOf({ hosts }: HostFrame, host: Host | undefined): ActiveIdentity[] {
  if (!host) return [];
  const user = [...host.identity.user].flatMap(([key, entry]) => {
    const { principalId, clientId } = hosts.speaksFor(entry);
    return principalId && clientId ? [{ principalId, clientId, key, identityId: entry.id }] : [];
  });
  return [...(host.identity.system ? [host.identity.system] : []), ...user];
}

/**
 * The identity a request means, or the text of its refusal. Without a parameter: the system-assigned one, else, on a
 * machine, the only one there is.
 */
function chooseIdentity(
  active: readonly ActiveIdentity[],
  query: ReadonlyMap<string, string>,
  appService: boolean,
): ActiveIdentity | string {
  const clientId = query.get('client_id')?.toLowerCase();
  const objectId = (query.get('object_id') ?? query.get('principal_id'))?.toLowerCase();
  const resourceId = query.get('msi_res_id') ?? query.get('mi_res_id');
  if (clientId !== undefined || objectId !== undefined || resourceId !== undefined)
    return (
      active.find(
        (each) =>
          (clientId === undefined || each.clientId === clientId) &&
          (objectId === undefined || each.principalId === objectId) &&
          (resourceId === undefined || each.key === scopeKey(resourceId)),
      ) ?? 'Identity not found'
    );
  const system = active.find(({ key }) => key === undefined);
  if (system) return system;
  if (active.length > 1 && !appService)
    return 'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request';
  return (appService ? undefined : active[0]) ?? 'Identity not found';
}

const refusal = (status: number, error: string, text: string): Reply =>
  jsonReply(status, { error, error_description: text });
