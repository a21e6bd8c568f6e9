import { Cluster } from '../testbed.ts';
import { LENDER } from './borrow.ts';
import { Lender } from './lender.ts';

/** vitest: once per run, before the first file. An API server starts with the first file that asks for one. */
export async function setup(): Promise<() => Promise<void>> {
  const lender = await new Lender((plane) => Cluster.install(plane)).listen();
  process.env[LENDER] = lender.path;
  return () => lender.stop();
}
