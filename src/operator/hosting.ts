import type { CallContext } from '../azure/arm/arm-calls.ts';
import { hostTypeOf } from '../azure/hosts/capabilities.ts';
import { armKey, parseIdentityId } from '../azure/names/resource-id.ts';
import type { AzureCaches } from '../cache/caches.ts';
import { hostArea, parseHostArea } from '../cache/hosts/area.ts';
import type { KubeClient } from '../kube/client.ts';
import type { ObjectKey } from '../kube/types.ts';
import type { Dependents } from '../reconcilers/dependents.ts';
import { type HostIdentityKind, hostIdentityKind } from '../reconcilers/host-identity/index.ts';
import { apiVersionOf } from '../reconcilers/hosts/api-version.ts';
import { Turns } from '../reconcilers/hosts/turns.ts';
import {
  type IdentityAttachmentKind,
  identityAttachmentKind,
} from '../reconcilers/identity-attachment/index.ts';
import type { IdentityProofs } from '../reconcilers/proof/identity-proofs.ts';
import type { SystemIdentityView } from '../reconcilers/proof/system-identity.ts';
import { INDEX, type Stores } from '../reconcilers/stores.ts';
import {
  type SystemAssignedIdentityKind,
  systemAssignedIdentityKind,
} from '../reconcilers/system-assigned-identity/index.ts';
import type { AzureSide } from './azure.ts';
import { AZURE_CALL_LIMIT_MS, type OperatorOptions } from './options.ts';
import { type WakeHosts, wakeHostsOnKubernetes, wakeHostsWith, wakeOnHost } from './wake-hosts.ts';

/** What attachments and system-assigned identities need to work: three kinds, and what wakes them. */

export interface HostingParts {
  readonly options: OperatorOptions;
  readonly azure: AzureSide;
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly caches: AzureCaches;
  readonly proofs: IdentityProofs;
}

export interface HostKinds {
  readonly host: HostIdentityKind;
  readonly attachment: IdentityAttachmentKind;
  readonly systemIdentity: SystemAssignedIdentityKind;
}

export class Hosting implements AsyncDisposable {
  readonly #parts: HostingParts;
  readonly #turns: Turns;
  readonly #cleanup = new AsyncDisposableStack();
  #wake: WakeHosts | undefined;

  constructor(parts: HostingParts) {
    this.#parts = parts;
    const { stores, caches } = parts;
    this.#turns = new Turns((hostKey) => {
      for (const key of stores.hosts.keysByIndex(INDEX.host, hostKey)) this.#wake?.host(key, 'event');
    });
    this.#cleanup.use(
      caches.hosts.onLoaded((users) => {
        for (const user of users) this.#wakeUser(user, 'resync');
      }),
    );
  }

  /** @param dependents what hangs on an identity */
  kinds(dependents: Dependents): HostKinds {
    const { options, azure, client, stores, caches, proofs } = this.#parts;
    const { clock, namespace, azureLagMs, releaseAfterMs } = options;
    const common = {
      stores,
      proofs,
      client,
      clock,
      hosts: azure.hosts,
      identities: azure.identities,
      assignments: azure.assignments,
      hostMirror: caches.hosts,
      turns: this.#turns,
      azidNamespace: namespace,
      dependents,
      azureLagMs,
      callLimitMs: AZURE_CALL_LIMIT_MS,
      releaseAfterMs,
    };
    return {
      host: hostIdentityKind({
        ...common,
        mirror: caches.identities,
        whoAmI: azure.whoAmI,
        apiVersionOf: (type) => apiVersionOf(type, stores),
        areas: this.#areasOf('host'),
      }),
      attachment: identityAttachmentKind({ ...common, areas: this.#areasOf('attachment') }),
      systemIdentity: systemAssignedIdentityKind({ ...common, areas: this.#areasOf('systemIdentity') }),
    };
  }

  /** What Azure says now of a resource's own identity; whether its absence is proven is for the cache to say. */
  async systemIdentity(hostId: string, context: CallContext): Promise<SystemIdentityView> {
    const { azure, stores, caches } = this.#parts;
    const apiVersion = apiVersionOf(hostTypeOf(hostId), stores);
    const got = await azure.hosts.get(hostId, context, { apiVersion });
    if (!got.found) return { found: false, conclusive: caches.hosts.observe(hostId).state === 'absent' };
    const { system, principalId } = got.host.identity;
    if (principalId !== undefined) return { found: true, principalId };
    // While a write is under way it may just be coming.
    const [ledger] = stores.hosts.byIndex(INDEX.host, armKey(hostId));
    const { operation, writeStartedAt } = ledger?.status ?? {};
    return { found: false, conclusive: !system && operation === undefined && writeStartedAt === undefined };
  }

  /** From now on whatever touches a host, or an object that speaks of one, wakes it. */
  wakes(wake: WakeHosts): void {
    const { stores, caches } = this.#parts;
    this.#wake = wake;
    this.#cleanup.use(wakeHostsOnKubernetes(stores, wake));
    this.#cleanup.use(this.#listIdentitiesInUse());
    this.#cleanup.use(
      caches.hosts.onChange((key, how) => {
        // What this process wrote itself it knows already.
        if (how === 'write' || how === 'delete') return;
        const { subscription, type } = placeOf(key);
        wakeOnHost(stores, wake, key, hostArea(subscription, type), how === 'list' ? 'resync' : 'event');
      }),
    );
    // What a list does not show changes nothing in the cache, but a selector's object may now say that nothing was missed.
    this.#cleanup.use(
      caches.hosts.onSettled((area) => {
        const { subscriptionId, type } = parseHostArea(area);
        for (const key of stores.attachments.keysByIndex(INDEX.selectorArea, hostArea(subscriptionId, type)))
          wake.attachment(key, 'resync');
      }),
    );
    this.#cleanup.use(
      caches.identities.onChange((key, how) =>
        wakeHostsWith(stores, wake, key, how === 'list' ? 'resync' : 'event'),
      ),
    );
    for (const key of stores.hosts.keys()) wake.host(key, 'resync');
    for (const key of stores.attachments.keys()) wake.attachment(key, 'resync');
    for (const key of stores.systemIdentities.keys()) wake.systemIdentity(key, 'resync');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
  }

  /** Objects of different kinds may have one key. */
  #areasOf(kind: keyof HostKinds) {
    const { hosts } = this.#parts.caches;
    return {
      use: (key: ObjectKey, areas: readonly string[]) => hosts.use(`${kind} ${key}`, areas),
    };
  }

  #wakeUser(user: string, priority: 'resync' | 'event'): void {
    const [kind = '', key = ''] = user.split(' ');
    if (kind === 'host' || kind === 'attachment' || kind === 'systemIdentity')
      this.#wake?.[kind](key, priority);
  }

  /** Recycling of an identity that no object of azid manages shows in the list of its subscription alone. */
  #listIdentitiesInUse(): Disposable {
    const { stores, caches } = this.#parts;
    const note = (key: ObjectKey) => {
      const identityId = stores.attachments.get(key)?.spec.identityId;
      const subscription = identityId === undefined ? undefined : subscriptionOf(identityId);
      caches.identities.use(`attachment ${key}`, subscription === undefined ? [] : [subscription]);
    };
    for (const key of stores.attachments.keys()) note(key);
    return stores.attachments.onChange(({ key }) => note(key));
  }
}

/** Slots, too, count by subscription for those who select them. */
function placeOf(hostKey: string): { readonly subscription: string; readonly type: string } {
  const [, , subscription = ''] = hostKey.split('/');
  return { subscription, type: hostTypeOf(hostKey) };
}

/** Undefined for an id that is no identity's: its object says so, and azid goes on for all others. */
function subscriptionOf(identityId: string): string | undefined {
  try {
    return parseIdentityId(identityId).subscriptionId;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
