import { ArmError } from '../http/operation.ts';
import type { PolicyAssignment } from './assignments.ts';
import type { PolicyDefinition } from './definitions.ts';
import type { Evaluated } from './rule.ts';

export interface Violation {
  readonly assignment: PolicyAssignment;
  readonly definition: PolicyDefinition;
  readonly evaluated: readonly Evaluated[];
}

/** As Azure Policy refuses a write (azure-docs, "Enforce job execution on Automation Hybrid Runbook Worker" shows one whole). */
export function disallowed(name: string, violations: readonly Violation[]): ArmError {
  const identifiers = violations.map(({ assignment, definition }) => ({
    policyAssignment: { name: assignment.displayName ?? assignment.name, id: assignment.id },
    policyDefinition: { name: definition.displayName, id: definition.id },
  }));
  return new ArmError(
    403,
    'RequestDisallowedByPolicy',
    `Resource '${name}' was disallowed by policy. Policy identifiers: '${JSON.stringify(identifiers)}'.`,
    {},
    violations.map(infoOf),
    { target: name },
  );
}

const infoOf = ({ assignment, definition, evaluated }: Violation) => ({
  type: 'PolicyViolation',
  info: {
    policyDefinitionDisplayName: definition.displayName,
    evaluationDetails: { evaluatedExpressions: evaluated },
    policyDefinitionId: definition.id,
    policyDefinitionName: definition.name,
    policyDefinitionEffect: 'Deny',
    policyAssignmentId: assignment.id,
    policyAssignmentName: assignment.name,
    ...(assignment.displayName !== undefined && { policyAssignmentDisplayName: assignment.displayName }),
    policyAssignmentScope: assignment.scope,
    policyAssignmentParameters: assignment.parameters,
  },
});
