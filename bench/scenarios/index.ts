import type { Scenario } from '../scenario.ts';
import { edits } from './edits.ts';
import { events } from './events.ts';
import { failover } from './failover.ts';
import { grants } from './grants.ts';
import { hours } from './hours.ts';
import { idleMemory } from './idle-memory.ts';
import { restart } from './restart.ts';
import { twoTeams } from './two-teams.ts';

/** In the order of their run: what measures memory first. */
export const SCENARIOS: readonly Scenario[] = [
  idleMemory,
  restart,
  edits,
  events,
  twoTeams,
  failover,
  grants,
  hours,
];
