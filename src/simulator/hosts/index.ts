import type { Frame } from '../frame.ts';
import type { SignIns } from '../graph/sign-ins.ts';
import type { Operation } from '../http/operation.ts';
import type { Associations } from '../identities/associations.ts';
import type { SystemIdentities } from '../identities/system-identity.ts';
import type { AccessTokens } from '../token/access-tokens.ts';
import { Hosts } from './hosts.ts';
import { hostOperations } from './operations.ts';
import type { HostFrame } from './part.ts';
import { genericListOperations } from './reads/generic-list.ts';
import { MetadataServers } from './reads/metadata.ts';
import { pollOperations } from './reads/poll.ts';
import { findType, HOST_TYPES, type HostType, SITES, SLOTS, unlistedType } from './types.ts';
import { companionOperations } from './writes/companions.ts';
import { LongOperations } from './writes/long-operations.ts';
import { swapOperations } from './writes/swap.ts';

/** The resources that carry identities, as the simulator and its control endpoint use them. */
export interface HostsPart extends AsyncDisposable {
  readonly frame: HostFrame;
  readonly routes: readonly Operation[];
  readonly metadata: MetadataServers;
  /** The types there are by now. */
  types(): readonly HostType[];
  /** The type by name; one that is not in the table is made up, with the routes it needs. */
  typeOf(
    name: string,
    apiVersions?: readonly string[],
  ): { readonly type: HostType; readonly added: readonly Operation[] };
  /** Ends all lags now pending. */
  settle(): void;
}

/** What an unlisted type serves where no versions are given. */
const UNLISTED_VERSIONS = ['2023-05-01', '2024-10-01'];

export function createHosts(
  given: Frame,
  parts: {
    readonly associations: Associations;
    readonly systemIdentities: SystemIdentities;
    readonly tokens: AccessTokens;
    readonly signIns: SignIns;
  },
): HostsPart {
  const operations = new LongOperations(given);
  const hosts = new Hosts({ ...given, ...parts });
  const frame: HostFrame = { ...given, hosts, operations };
  // What runs on a host ends with it: one made again under its id is another one.
  given.world.onRemoved(({ id }) => void operations.cancel(id));
  const types = [...HOST_TYPES];
  const metadata = new MetadataServers(frame, parts.tokens, parts.signIns);
  return {
    frame,
    routes: [
      ...types.flatMap((type) => hostOperations(frame, type)),
      ...swapOperations(frame, SITES, SLOTS),
      ...companionOperations(frame),
      ...pollOperations(frame, () => types),
      ...genericListOperations(frame, () => types),
    ],
    metadata,
    types: () => types,
    typeOf(name, apiVersions = UNLISTED_VERSIONS) {
      const known = findType(types, name);
      if (known) return { type: known, added: [] };
      const type = unlistedType(name, apiVersions);
      types.push(type);
      return { type, added: hostOperations(frame, type) };
    },
    settle: () => hosts.settle(),
    async [Symbol.asyncDispose]() {
      operations[Symbol.dispose]();
      await metadata[Symbol.asyncDispose]();
    },
  };
}
