/** How an IdentityPolicy chooses namespaces. */
import { z } from 'zod';
import { labelKey, labelKeys, labelValue, namespaceName, someNamespace } from './rules.ts';

const selectorTerm = z.object({
  key: z
    .string()
    .min(1)
    .max(317)
    .meta({ 'x-kubernetes-validations': [labelKey] }),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
  values: z
    .array(
      z
        .string()
        .max(63)
        .meta({ 'x-kubernetes-validations': [labelValue] }),
    )
    .max(32)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'atomic' }),
});

export const namespaces = z
  .object({
    names: z
      .array(
        z
          .string()
          .min(1)
          .max(63)
          .meta({ 'x-kubernetes-validations': [namespaceName] }),
      )
      .max(256)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe('Namespaces by name.'),
    selector: z
      .object({
        matchLabels: z
          .record(
            z.string(),
            z
              .string()
              .max(63)
              .meta({ 'x-kubernetes-validations': [labelValue] }),
          )
          .optional()
          .meta({ maxProperties: 32, 'x-kubernetes-validations': [labelKeys] }),
        matchExpressions: z
          .array(
            selectorTerm.meta({
              'x-kubernetes-validations': [
                {
                  rule: "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
                  message: 'values is required for In and NotIn, and not allowed for Exists and DoesNotExist',
                },
              ],
            }),
          )
          .max(32)
          .optional()
          .meta({ 'x-kubernetes-list-type': 'atomic' }),
      })
      .optional()
      .describe('Namespaces by label. An empty selector selects every namespace.'),
  })
  .meta({
    'x-kubernetes-validations': [someNamespace],
  })
  .describe('The namespaces this policy speaks for: those named and those the selector matches.');
