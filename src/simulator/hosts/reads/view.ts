import { type Host, type Properties, type SystemEntry, sameType } from '../host.ts';
import type { HostFrame } from '../part.ts';

/** A host as Azure holds it, lags and spellings aside, for tests and tools. */
export interface HostView {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly kind?: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  /** With what GET hides. */
  readonly properties: Properties;
  /** What else stands beside them: `zones`, `plan`. */
  readonly extra: Properties;
  /** Its system-assigned identity; null when it is off. */
  readonly system: SystemEntry | null;
  /** Null ids: the identity is gone, or was made again since it was attached. */
  readonly attached: readonly {
    readonly id: string;
    readonly principalId: string | null;
    readonly clientId: string | null;
  }[];
  /** Another one for each creation under the same id. */
  readonly uniqueId: string;
  /** The same, of a virtual machine. */
  readonly vmId?: string;
  readonly provisioningState: string;
  /** Counts changes; etags are made of it. */
  readonly revision: number;
  /** How often the app was started again because its identities changed. */
  readonly restarts: number;
  /** Whether an operation runs on it. */
  readonly busy: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
}

export function viewOf({ hosts, operations }: HostFrame, host: Host): HostView {
  const { id, name, type, kind, location, tags, properties, identity, uniqueId, provisioningState } = host;
  return {
    id,
    name,
    type,
    ...(kind !== undefined && { kind }),
    location,
    tags,
    properties,
    extra: host.extra,
    system: identity.system ?? null,
    attached: [...identity.user.values()].map((entry) => ({ id: entry.id, ...hosts.speaksFor(entry) })),
    uniqueId,
    ...(sameType(type, 'Microsoft.Compute/virtualMachines') && { vmId: uniqueId }),
    provisioningState,
    revision: host.revision,
    restarts: host.restarts,
    busy: operations.on(id) !== undefined,
    createdAt: new Date(host.createdAt).toISOString(),
  };
}
