import { atMost, scenario } from '../scenario.ts';
import { Stage } from '../stage/stage.ts';

export const idleMemory = scenario({
  name: 'idle-memory',
  about: 'memory with nothing to do: no object of azid in the cluster',
  limitMinutes: () => 5,
  figures: {
    resident: { name: 'resident with nothing to do', unit: 'MiB', target: atMost(110) },
    highest: { name: 'highest', unit: 'MiB' },
  },
  async run({ template, say, report }) {
    await using stage = await Stage.open({ template, objects: 0, say });
    const controller = await stage.start();
    await controller.settled();
    const { resident, highest } = await controller.memory();
    report('resident', resident);
    report('highest', highest);
  },
});
