/** What calls to hosts give, how hosts are addressed, and the reads of which an answer has many pages or is no host. */
import { z } from 'zod';
import type { ArmAccess, ArmRequest } from '../../arm/arm-access.ts';
import type { ArmCalls, CallContext } from '../../arm/arm-calls.ts';
import { classify } from '../../arm/classify.ts';
import type { Missing } from '../../arm/error-codes.ts';
import { AzureError, LOCAL_CODES } from '../../arm/errors.ts';
import { MANAGED_IDENTITY } from '../../limits.ts';
import { parseResourceId } from '../../names/resource-id.ts';
import { capabilityOf, hostTypeOf } from '../capabilities.ts';
import type { AzureHost, HostOperation } from '../host.ts';
import type { Model } from '../write/replace.ts';
import { readHostIfAny } from './read-host.ts';

/** `model`: the whole answer, for `replaceBody`. `requestedAt`: monotonic ms at which the request began. */
export type HostGet =
  | {
      readonly found: true;
      readonly host: AzureHost;
      readonly model: Model;
      readonly requestedAt: number;
    }
  | {
      readonly found: false;
      readonly missing: Missing;
      readonly error: AzureError;
      readonly requestedAt: number;
    };

export interface HostVersion {
  /** Of the type; needed for one that is not in the table of capabilities, and used for no other. */
  readonly apiVersion?: string | undefined;
}

export interface HostWriteOptions extends HostVersion {
  /** `etag` of the read that the write was decided from: Azure answers 412 if the host changed since. */
  readonly ifMatch?: string | undefined;
}

/**
 * What a write was answered. Attached means done and read back (docs/guarantees.md G13), not what stands here.
 */
export interface HostWritten {
  /** Azure reports it as done. If not, `operation` shows when it is; without one only a read of the host can. */
  readonly done: boolean;
  /** As the answer shows it, which may be what it is to become. */
  readonly host?: AzureHost;
  readonly operation?: HostOperation;
  /** Azure asked not to be polled earlier. */
  readonly retryAfterMs?: number;
  readonly correlationId?: string;
}

export interface SystemIdentity {
  readonly principalId: string;
  readonly clientId: string;
  readonly tenantId: string;
}

export interface HostPage {
  readonly hosts: readonly AzureHost[];
  /** Monotonic ms at which this page's request began. */
  readonly requestedAt: number;
}

/** Path and version of a host. */
export function pathOf(id: string, version: HostVersion): string {
  return `${wirePath(id)}?${versionOf(hostTypeOf(id), version)}`;
}

/** Groups may hold letters that a URL may not. */
export function wirePath(id: string): string {
  const segments = id.split('/').filter((segment) => segment !== '');
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

/** The table's version of a type it has, else the given one. */
export function versionOf(type: string, { apiVersion }: HostVersion): string {
  const version = capabilityOf(type)?.apiVersion ?? apiVersion;
  if (version === undefined)
    throw new TypeError(`Expected an API version for ${type}, which azid does not know; give apiVersion`);
  return `api-version=${encodeURIComponent(version)}`;
}

export function providerOf(type: string): string {
  return type.split('/')[0] ?? '';
}

const page = z.looseObject({ value: z.array(z.unknown()), nextLink: z.string().nullish() });

interface HostList {
  readonly subscriptionId: string;
  readonly type: string;
  /** URL of the first page. */
  readonly first: string;
}

/** The pages of one list of hosts; each is a call of its own. */
export async function* hostPages(
  calls: ArmCalls,
  access: Pick<ArmAccess, 'send'>,
  { subscriptionId, type, first }: HostList,
  context: CallContext,
): AsyncGenerator<HostPage, void, undefined> {
  const call = { kind: 'list', provider: providerOf(type), subscriptionId } as const;
  for (let url: string | undefined = first; url !== undefined; ) {
    const request: ArmRequest = { method: 'GET', url };
    const { value, requestedAt } = await calls.run(call, context, (options) => access.send(request, options));
    const read = page.safeParse(value.body);
    if (!read.success)
      throw new AzureError({
        code: LOCAL_CODES.incomplete,
        message: `expected a list of ${type}, got something else`,
      });
    // One item that cannot be read must not hide all others; what lacks its id shows in no other way either.
    yield { hosts: read.data.value.map(readHostIfAny).filter((host) => host !== undefined), requestedAt };
    url = read.data.nextLink || undefined;
  }
}

/** Pinned, as for identities (docs/azure-facts.md section 3). */
const IDENTITIES_VERSION = '2024-11-30';

const systemIdentity = z.looseObject({
  properties: z.looseObject({
    principalId: z.string().min(1),
    clientId: z.string().min(1),
    tenantId: z.string().min(1),
  }),
});

/**
 * A host's system-assigned identity with its client id, which `identity` of the host lacks; `undefined` where the host or
 * its identity is not there.
 */
export async function readSystemIdentity(
  calls: ArmCalls,
  access: Pick<ArmAccess, 'send'>,
  id: string,
  context: CallContext,
): Promise<SystemIdentity | undefined> {
  const { subscriptionId } = parseResourceId(id);
  const call = { kind: 'read', provider: MANAGED_IDENTITY, subscriptionId, resourceId: id } as const;
  const path = `${wirePath(id)}/providers/Microsoft.ManagedIdentity/identities/default`;
  const request = { method: 'GET', url: `${path}?api-version=${IDENTITIES_VERSION}` } as const;
  try {
    const { value } = await calls.run(call, context, (options) => access.send(request, options));
    const read = systemIdentity.safeParse(value.body);
    if (!read.success)
      throw new AzureError({
        code: LOCAL_CODES.incomplete,
        message: `expected the system-assigned identity of ${id} with principalId, clientId and tenantId, got one without all of them`,
      });
    const { principalId, clientId, tenantId } = read.data.properties;
    return { principalId, clientId, tenantId };
  } catch (thrown) {
    const found = classify(thrown);
    if (found.kind !== 'notFound' || found.what === 'subscription') throw thrown;
    return undefined;
  }
}
