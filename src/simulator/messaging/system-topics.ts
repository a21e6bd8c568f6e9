import { TOPIC_TYPE, TopicError, type Topics } from '../events/topics.ts';
import type { Frame } from '../frame.ts';
import type { ArmRequest, Operation, Params } from '../http/operation.ts';
import type { SystemIdentities } from '../identities/system-identity.ts';
import { parseScope, scopeKey } from '../world/scope.ts';
import { invalidRequest, type Kept, type KeptResources, readBody, typeOperations } from './kept.ts';

const NAME = /^[a-z0-9-]{3,128}$/i;
/** By what a source is. */
const TOPIC_TYPES: Readonly<Record<string, string>> = {
  subscription: 'Microsoft.Resources.Subscriptions',
  resourceGroup: 'Microsoft.Resources.ResourceGroups',
};

interface TopicParts {
  readonly topics: Topics;
  readonly systemIdentities: SystemIdentities;
}

/** System topics over ARM: of a subscription or group, with an identity of their own that delivers. */
export function systemTopicOperations(
  frame: Frame,
  kept: KeptResources,
  { topics, systemIdentities }: TopicParts,
): readonly Operation[] {
  const { directory, world } = frame;
  const dropIdentity = (id: string) => {
    const principal = systemIdentities.get(id);
    if (!principal) return;
    systemIdentities.delete(id);
    directory.delete(principal.principalId);
  };
  world.onRemoved(({ id, type }) => {
    if (type === TOPIC_TYPE) dropIdentity(id);
  });

  const find = (id: string): Kept | undefined => {
    const topic = topics.topic(id);
    return topic && (kept.get(id) ?? shown(topic, {}));
  };

  const shown = (
    { id, name, source }: { id: string; name: string; source: string },
    { tags = {}, identity }: Partial<Kept>,
  ): Kept => ({
    id,
    name,
    type: TOPIC_TYPE,
    location: 'global',
    tags,
    ...(identity && { identity }),
    properties: {
      provisioningState: 'Succeeded',
      source,
      topicType: TOPIC_TYPES[parseScope(source).kind] ?? '',
    },
  });

  const put = (request: ArmRequest, { name = '' }: Params): Kept => {
    const { location, tags, identity, properties } = readBody(request.body);
    const { source, topicType } = (properties ?? {}) as { source?: unknown; topicType?: unknown };
    if (!NAME.test(name))
      throw invalidRequest(`System topic name '${name}' is not valid: 3 to 128 letters, digits and dashes.`);
    if (typeof source !== 'string') throw invalidRequest('System topic source is required.');
    const wanted = TOPIC_TYPES[parseScope(source).kind];
    const known = Object.values(TOPIC_TYPES).find(
      (each) => each.toLowerCase() === String(topicType).toLowerCase(),
    );
    if (!known)
      throw invalidRequest(`Unrecognized topic type ${String(topicType)} in system topic properties.`);
    if (known !== wanted)
      throw invalidRequest(`System topic source ${source} is not of the topic type ${known}.`);
    if (location?.toLowerCase() !== 'global')
      throw invalidRequest(
        `System topic location '${location ?? ''}' is not valid: events of ${known} are at location 'global'.`,
      );
    const existing = topics.topic(request.path);
    if (existing && scopeKey(existing.source) !== scopeKey(source))
      throw invalidRequest('System topic source cannot be modified.');
    if (topics.ofSource(source) && !existing)
      throw invalidRequest(
        `There is an existing tracked system topic for the given source ${source}. Only one system topic is allowed per source.`,
      );
    const topic = added(topics, { id: request.path, name, source });
    const one = shown(topic, {
      tags: tags ?? {},
      ...identityOf(request.path, name, identity?.type ?? 'None'),
    });
    kept.put(one);
    return one;
  };

  /** A principal that is made when it is switched on, and stays while it is. */
  const identityOf = (id: string, name: string, type: string): Pick<Kept, 'identity'> => {
    if (type.toLowerCase() === 'none') {
      dropIdentity(id);
      return {};
    }
    if (type.toLowerCase() !== 'systemassigned')
      throw invalidRequest(`The identity type '${type}' is not simulated here.`);
    const { tenantId } = world;
    let own = systemIdentities.get(id);
    if (!own) {
      const { objectId, appId } = directory.create({ displayName: name, tenantId });
      own = { location: 'global', tags: {}, tenantId, principalId: objectId, clientId: appId };
      systemIdentities.set(id, own);
    }
    return { identity: { type: 'SystemAssigned', principalId: own.principalId, tenantId } };
  };

  return typeOperations({ frame, type: TOPIC_TYPE, plural: 'systemTopics', find, made: 201, put });
}

function added(topics: Topics, topic: Parameters<Topics['addTopic']>[0]) {
  try {
    return topics.addTopic(topic);
  } catch (error) {
    if (error instanceof TopicError) throw invalidRequest(error.message);
    throw error;
  }
}
