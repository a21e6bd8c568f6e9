import { kindNamed } from '../../api/kind-named.ts';
import type { KindSchema } from '../../api/schema/kind.ts';
import { resolveCloud } from '../../azure/arm/clouds.ts';
import { reportOf } from '../../inspect/report.ts';
import { isNotFound } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/types.ts';
import { inCluster, NOTHING_CHANGED, printed } from '../in-cluster.ts';
import { EXIT } from '../interruptible.ts';
import type { StatusFlags } from './status.ts';
import { statusJson, statusText } from './status-text.ts';

const WORDS = {
  name: 'status',
  interrupted: NOTHING_CHANGED,
  forbidden: 'the command needs the rights of azid-view in the namespace (deploy/)',
};

export function runStatus(given: string, flags: StatusFlags): Promise<number> {
  const { azidNamespace, output } = flags;
  return inCluster(WORDS, flags, async ({ client, clock, contextNamespace, signal }) => {
    const { kind, name } = objectNamed(given);
    const namespace = flags.namespace ?? contextNamespace ?? 'default';
    const key = kind.resource.namespaced ? `${namespace}/${name}` : name;
    const { federationAudience: defaultAudience } = resolveCloud({
      ...(flags.cloud !== undefined && { cloud: flags.cloud }),
    });
    // The SDKs take longer to load than all else takes.
    const azure = flags.azure && (await import('./azure-reads.ts')).azureReads(flags, clock);
    try {
      const deps = { client, clock, azidNamespace, defaultAudience, azure: azure || undefined, signal };
      const report = await reportOf(kind, key, deps);
      await printed(
        output === 'json' ? statusJson(report) : statusText(report, output === 'wide', clock.now()),
      );
      return EXIT.done;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const where = kind.resource.namespaced ? ` in namespace ${namespace} (-n names another)` : '';
      throw new Error(`expected ${kind.resource.kind} ${name} to exist${where}, it does not`);
    }
  });
}

/** `grant/read`: as kubectl takes it. */
function objectNamed(given: string): {
  readonly kind: KindSchema<KubeObject>;
  readonly name: string;
} {
  const [kindName = '', name = '', ...more] = given.split('/');
  if (kindName === '' || name === '' || more.length > 0)
    throw new Error(
      `expected KIND/NAME such as grant/checkout-blobs, got '${given}'; -n gives the namespace`,
    );
  const kind = kindNamed(kindName);
  if (!kind)
    throw new Error(
      `expected a kind of azid such as RoleGrant or its short name grant, got '${kindName}'; kubectl api-resources --api-group azid.dev lists them`,
    );
  return { kind, name };
}
