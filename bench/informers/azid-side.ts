/**
 * Watches ConfigMaps with azid's informer, queue and controller and does nothing with them: says the same lines as
 * `controller-runtime/main.go`. Started by bench/informers.ts: `azid-side <kubeconfig> <namespace> <objects>`.
 */
import { loadKubeEndpoint } from '../../src/kube/access/config.ts';
import { configMaps } from '../../src/kube/builtin.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { Informer } from '../../src/kube/informer/informer.ts';
import { KubeTransport } from '../../src/kube/transport/transport.ts';
import { keyOf } from '../../src/kube/types.ts';
import { Controller } from '../../src/runtime/controller/controller.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { WorkQueue } from '../../src/runtime/queue/queue.ts';
import { systemClock as clock } from '../../src/runtime/time/clock.ts';

const [kubeconfig = '', namespace = '', objects = '0'] = process.argv.slice(2);
const say = (line: string) => void process.stdout.write(`${line}\n`);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

const random = Math.random;
const endpoint = loadKubeEndpoint({ clock, kubeconfig });
const transport = new KubeTransport({ endpoint, clock, userAgent: 'azid-bench' });
const informer = new Informer({
  client: new KubeClient(transport),
  resource: configMaps,
  namespace,
  streamLists: true,
  clock,
  random,
});
let reconciled = 0;
const controller = new Controller({
  name: 'bench',
  queue: new WorkQueue({ clock, random }),
  clock,
  random,
  workers: 10,
  log: silentLog,
  async reconcile({ key }) {
    const object = informer.store.get(key);
    reconciled += 1;
    if (reconciled === Number(objects)) say('synced');
    else if (reconciled > Number(objects) && object)
      say(`reconciled ${object.metadata.name} ${object.metadata.resourceVersion}`);
    return { type: 'done' };
  },
});
informer.store.onChange(({ new: object, initial }) => {
  if (object) controller.enqueue(keyOf(object), initial ? 'resync' : 'edit');
});
await Promise.all([informer.run(stop.signal), controller.run(stop.signal)]);
await transport.close();
