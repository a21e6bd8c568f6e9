import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { Cluster, World, type WorldOptions } from './testbed.ts';

/** What a system test stands on. */
export interface Ground {
  /** One API server for the file, cleaned after each test. */
  readonly cluster: Cluster;
  /** One for each test. */
  readonly world: World;
}

/**
 * Registers the hooks of a file whose tests have a stage of their own kind; call once at its top.
 *
 * @param enter before each test, with what is new for it
 */
export function useWorld(enter: (ground: Ground) => Promise<void>, options: WorldOptions = {}): void {
  let cluster: Cluster | undefined;
  let world: World | undefined;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(() => cluster?.stop());
  beforeEach(async () => {
    if (!cluster) throw new Error('the API server did not start');
    world = await World.create(cluster, options);
    await enter({ cluster, world });
  });
  afterEach(async () => {
    await world?.dispose();
    await cluster?.clean();
  });
}
