/**
 * One scenario in a process of its own, started by `run.ts`: it can be ended with all it started, its heap is its own, and no
 * scenario before it weighs on it. `node bench/child.ts NAME OBJECTS FOLDER`, or `template` as the name.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Legacy } from '../test/support/takeover.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { makeTemplate } from './stage/template.ts';

const [name = '', objects = '', folder = ''] = process.argv.slice(2);
const template = join(folder, 'template.json');
const say = (text: string) => void process.stdout.write(`${new Date().toISOString()} ${text}\n`);

if (name === 'template') writeFileSync(template, JSON.stringify(await makeTemplate()));
else {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (!scenario) throw new Error(`expected the name of a scenario, got '${name}'`);
  const values: Record<string, number> = {};
  await scenario.run({
    objects: Number(objects),
    template: JSON.parse(readFileSync(template, 'utf8')) as Legacy,
    report(figure, value) {
      values[figure] = value;
      say(`${figure}: ${value}`);
      writeFileSync(join(folder, `${name}.json`), JSON.stringify(values));
    },
    say,
  });
}
// Nothing may keep it: what it started hangs on it and goes with it.
process.exit(0);
