import { ArmError } from '../../http/operation.ts';

/** What a template's expressions may ask for. */
export interface ExpressionScope {
  readonly subscriptionId: string;
  readonly tenantId: string;
  /** Absent at the level of a subscription. */
  readonly group?: { readonly id: string; readonly name: string; readonly location: string };
  /** The deployment itself; its location at the level of a subscription. Policies have none. */
  readonly deployment?: { readonly name: string; readonly location?: string };
  /** The loops around, the innermost last: a resource that is copied, a property, a variable. */
  readonly loops?: readonly Loop[];
  parameter(name: string): unknown;
  variable(name: string): unknown;
  /** Of the resource that a policy evaluates; templates have none. */
  field?(name: string): unknown;
  /** The properties of a resource, by id or by its name in the template; `full`: all of it. */
  reference(target: string, full: boolean, apiVersion: string | undefined): unknown;
}

export type TemplateFunction = (args: readonly unknown[], scope: ExpressionScope) => unknown;

interface Loop {
  readonly name: string;
  readonly index: number;
}

/** Where the deployment is: what names without a group or subscription are beneath. */
export const baseOf = ({ group, subscriptionId }: ExpressionScope): string =>
  group?.id ?? `/subscriptions/${subscriptionId}`;

/** A resource that is asked for and has not been read yet; without a handler of its own it is one that does not exist. */
export class Unread extends ArmError {
  readonly id: string;
  readonly apiVersion: string | undefined;

  constructor(id: string, apiVersion: string | undefined) {
    super(404, 'ResourceNotFound', `The Resource '${id}' was not found.`);
    this.id = id;
    this.apiVersion = apiVersion;
  }
}

/** Of expressions that are none, and of functions that there are not. */
export const invalidTemplate = (what: string) =>
  new ArmError(400, 'InvalidTemplate', `Unable to process template language expressions: ${what}`);

export const failedValidation = (what: string) =>
  new ArmError(400, 'InvalidTemplate', `Deployment template validation failed: '${what}'.`);
