import { expect, it } from 'vitest';
import { drawHistory, failureOf, HISTORIES, run, SEED, shrunk } from './histories.fixture.ts';
import { Tally } from './sweeper.fixture.ts';

it(`deletes nothing that lives in ${HISTORIES} random histories, and every orphan is gone or told`, {
  timeout: 1_800_000,
}, () => {
  const tally = new Tally();
  for (let seed = SEED; seed < SEED + HISTORIES; seed++) {
    const history = drawHistory(seed);
    try {
      run(history, tally);
    } catch (error) {
      const shortest = shrunk(history);
      const cause = failureOf(shortest) ?? (error as Error);
      throw new Error(`seed ${seed}: ${cause.message}\n${JSON.stringify(shortest)}`, { cause });
    }
  }
  process.stdout.write(`orphans: ${HISTORIES} histories from seed ${SEED}: ${tally.text()}\n`);
  for (const type of ['Identity', 'RoleAssignment', 'FederatedIdentityCredential'])
    expect(tally.counts.get(`deleted ${type}`)).toBeGreaterThan(HISTORIES / 100);
});
