/** The steps from a bare cluster to one in which azid works on the examples, and Azure beside it. */
import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../runtime/time/clock.ts';
import { type Simulator, startSimulator } from '../simulator/simulator.ts';
import type { Cluster } from './cluster.ts';
import { bundleProduct } from './controller/bundle.ts';
import { type LaunchedController, startController } from './controller/controller-launch.ts';
import { SUBSCRIPTION_ID, TENANT_ID } from './names.ts';
import type { SandboxFlags } from './options.ts';
import type { Examples } from './project.ts';
import { type ReadyFacts, writeReadyFile } from './ready-file.ts';
import { seedAzure, seedEvents } from './setup/azure-seed.ts';
import { applyEventSource, expectNoController, installAzid } from './setup/kubernetes-setup.ts';

interface BringUp {
  readonly flags: SandboxFlags;
  readonly cluster: Cluster;
  readonly examples: Examples;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  /** Hears of the controller as soon as it has a log. */
  readonly onController: (controller: LaunchedController) => void;
}

export interface Up {
  readonly simulator: Simulator;
  readonly facts: ReadyFacts;
}

/** Everything to be ended goes on the stack. When it resolves the ready file is written. */
export async function bringUp(given: BringUp, stack: AsyncDisposableStack): Promise<Up> {
  const { flags, cluster, examples, clock, signal, say } = given;
  if (flags.kubeconfig !== undefined && flags.controller)
    await expectNoController(cluster.client, clock, signal);

  // Beside all that has to be up before it.
  const program = flags.controller ? bundleProduct(join(cluster.folder, 'azid')) : undefined;
  program?.catch(() => {}); // Handled where it is awaited; what fails before that is reported instead.
  say(`Starting the simulated Azure${flags.fast ? ' (fast: no lag, no throttling)' : ''} ...`);
  const simulator = stack.use(
    await startSimulator({
      clock,
      preset: flags.fast ? 'fast' : 'honest',
      tenantId: TENANT_ID,
      subscriptionId: SUBSCRIPTION_ID,
      // A cluster that outlives the simulator must not meet the same principals again.
      ...(flags.kubeconfig !== undefined && { seed: randomInt(2 ** 31) }),
    }),
  );
  signal.throwIfAborted();
  const caFile = join(cluster.folder, 'azure-ca.pem');
  await writeFile(caFile, simulator.caPem);
  const own = await seedAzure(simulator, cluster);
  const events = seedEvents(simulator, own);

  say("Installing azid's kinds and its ServiceAccount ...");
  await installAzid(cluster, clock, signal);

  let controller: LaunchedController | undefined;
  if (program) {
    say('Starting the controller ...');
    const { fast } = flags;
    const launch = { cluster, simulator, caFile, own, fast, clock, signal, say, program: await program };
    controller = await startController(launch, stack);
    given.onController(controller);
    await controller.process.untilReady(signal);
    await applyEventSource(cluster, events, signal);
  }
  if (examples.files.length > 0) {
    say('Applying examples/quickstart ...');
    await cluster.kubectl.apply(examples.files, signal);
  }

  const facts: ReadyFacts = {
    kubeconfig: cluster.kubeconfig,
    arm: {
      endpoint: simulator.origin,
      caFile,
      subscriptionId: simulator.subscriptionId,
      tenantId: simulator.tenantId,
    },
    control: { endpoint: simulator.controlEndpoint },
    serviceBus: { ...simulator.serviceBus, ...events },
    ...(controller && { metrics: { endpoint: controller.metrics } }),
  };
  if (flags.readyFile !== undefined) stack.use(await writeReadyFile(flags.readyFile, facts));
  return { simulator, facts };
}
