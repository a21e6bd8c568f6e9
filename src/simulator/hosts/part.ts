import type { Frame } from '../frame.ts';
import type { Hosts } from './hosts.ts';
import type { LongOperations } from './writes/long-operations.ts';

/** What the routes of this folder share. */
export interface HostFrame extends Frame {
  readonly hosts: Hosts;
  readonly operations: LongOperations;
}
