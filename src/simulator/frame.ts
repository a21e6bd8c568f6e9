import type { Authorizer } from './authorizer.ts';
import type { Clock } from './clock.ts';
import type { Identities } from './identities/identities.ts';
import type { Knobs } from './knobs/knobs.ts';
import type { Random } from './random.ts';
import type { Directory } from './world/directory.ts';
import type { World } from './world/world.ts';

/** What every part of the simulated Azure is given. Parts keep no clock and no randomness of their own. */
export interface Foundation {
  readonly clock: Clock;
  readonly random: Random;
  readonly knobs: Knobs;
  readonly world: World;
  readonly directory: Directory;
}

/** For parts that need the managed identities (federation) or ask for rights themselves (lists). */
export interface Frame extends Foundation {
  readonly identities: Identities;
  readonly authorizer: Authorizer;
}
