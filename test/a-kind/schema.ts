import { z } from 'zod';
import { commonStatus, objectName, suspend } from '../../src/api/schema/common.ts';
import { azidResource, columnsOf, type KindSchema } from '../../src/api/schema/kind.ts';
import { rememberedGuid } from '../../src/api/schema/remembered.ts';
import type { KubeObject } from '../../src/kube/types.ts';

const spec = z.object({
  identityRef: z.object({ name: objectName() }),
  suspend: suspend(),
});

const status = z.object({ ...commonStatus, principalId: rememberedGuid().optional() });

export interface PrincipalReport extends KubeObject {
  readonly spec: Readonly<z.input<typeof spec>>;
  readonly status?: Readonly<z.input<typeof status>>;
}

export const principalReport: KindSchema<PrincipalReport> = {
  resource: azidResource('PrincipalReport', 'principalreports', true),
  singular: 'principalreport',
  shortNames: ['report'],
  description: 'Tells which principal an identity has now.',
  spec,
  status,
  rules: [],
  columns: columnsOf({}),
};
