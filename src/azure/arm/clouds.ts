/** Where Azure is: the three public clouds (docs/azure-facts.md section 14) and a stand-in on another endpoint. */

export interface Cloud {
  readonly name: string;
  /** Resource Manager's origin, no trailing slash: with one, SDKs ask for a token for `//.default` (docs/azure-facts.md section 15). */
  readonly armEndpoint: string;
  /** Entra's origin, no trailing slash. */
  readonly authorityHost: string;
  /** What tokens for Resource Manager are asked for. */
  readonly armScope: string;
  /** Microsoft Graph's origin, no trailing slash, and what tokens for it are asked for. */
  readonly graphEndpoint: string;
  readonly graphScope: string;
  /** What host names of Service Bus namespaces end in: nothing else is sent a token for Service Bus. */
  readonly serviceBusSuffix: string;
  /** The audience a federated credential of this cloud normally has. */
  readonly federationAudience: string;
  /** False where the authority is not one of Microsoft's public discovery. */
  readonly instanceDiscovery: boolean;
  /** Certificates to trust besides the system's, PEM. */
  readonly caPem?: string;
}

function cloud(
  name: string,
  arm: string,
  authority: string,
  graph: string,
  serviceBusSuffix: string,
  federationAudience: string,
): Cloud {
  const [armEndpoint, graphEndpoint] = [`https://${arm}`, `https://${graph}`];
  return {
    name,
    armEndpoint,
    authorityHost: `https://${authority}`,
    armScope: `${armEndpoint}/.default`,
    graphEndpoint,
    graphScope: `${graphEndpoint}/.default`,
    serviceBusSuffix,
    federationAudience,
    instanceDiscovery: true,
  };
}

export const CLOUDS = {
  Public: cloud(
    'Public',
    'management.azure.com',
    'login.microsoftonline.com',
    'graph.microsoft.com',
    'servicebus.windows.net',
    'api://AzureADTokenExchange',
  ),
  USGovernment: cloud(
    'USGovernment',
    'management.usgovcloudapi.net',
    'login.microsoftonline.us',
    'graph.microsoft.us',
    'servicebus.usgovcloudapi.net',
    'api://AzureADTokenExchangeUSGov',
  ),
  China: cloud(
    'China',
    'management.chinacloudapi.cn',
    'login.chinacloudapi.cn',
    'microsoftgraph.chinacloudapi.cn',
    'servicebus.chinacloudapi.cn',
    'api://AzureADTokenExchangeChina',
  ),
} as const satisfies Record<string, Cloud>;

interface CloudOptions {
  /** `Public` (default), `USGovernment` or `China`, any case. */
  readonly cloud?: string;
  /** Replaces the cloud's Resource Manager, e.g. by the sandbox's. The token scope stays the cloud's. */
  readonly armEndpoint?: string;
  /** Replaces the cloud's Microsoft Graph. The token scope stays the cloud's. */
  readonly graphEndpoint?: string;
  /** Replaces the cloud's authority; turns instance discovery off. */
  readonly authorityHost?: string;
  readonly caPem?: string;
}

/** The cloud that flags describe; throws with the flag's name, what was expected and what was given. */
export function resolveCloud(options: CloudOptions = {}): Cloud {
  const wanted = (options.cloud ?? 'Public').toLowerCase();
  const base: Cloud | undefined = Object.values(CLOUDS).find(({ name }) => name.toLowerCase() === wanted);
  if (!base)
    throw new TypeError(
      `Expected --cloud to be one of ${Object.keys(CLOUDS).join(', ')}, got "${options.cloud}"`,
    );
  return {
    ...base,
    ...(options.armEndpoint !== undefined && { armEndpoint: origin('--arm-endpoint', options.armEndpoint) }),
    ...(options.graphEndpoint !== undefined && {
      graphEndpoint: origin('--graph-endpoint', options.graphEndpoint),
    }),
    ...(options.authorityHost !== undefined && {
      authorityHost: origin('--authority-host', options.authorityHost),
      instanceDiscovery: Object.values(CLOUDS).some(
        ({ authorityHost }) => authorityHost === origin('--authority-host', options.authorityHost ?? ''),
      ),
    }),
    ...(options.caPem !== undefined && { caPem: options.caPem }),
  };
}

/** Both SDKs refuse plain http before they send anything, so it is refused here, where the flag is known. */
function origin(flag: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const bare = url?.pathname === '/' && !url.search && !url.hash && !url.username && !url.password;
  if (url?.protocol !== 'https:' || !bare)
    throw new TypeError(
      `Expected ${flag} to be an https origin such as https://127.0.0.1:8443, got "${value}"`,
    );
  return url.origin;
}
