import type { EventSource } from '../../api/event-source.ts';
import type { ClockState } from '../../hints/service-bus/clocks.ts';
import type { Finding } from '../../runtime/status/conditions.ts';
import type { SourceFacts } from './facts.ts';

const TYPE = 'ClocksAgree';

/**
 * Whether the times of messages fit azid's clock. There is such a condition once they did not: of clocks that always agreed nobody
 * needs to hear. Undefined: what was reported stays.
 */
export function clocksOf({ status }: EventSource, { queue }: SourceFacts): Finding | undefined {
  const clocks = queue?.clocks;
  if (!clocks) return undefined;
  if (clocks.verdict !== 'agree')
    return { type: TYPE, status: 'False', reason: REASONS[clocks.verdict], message: messageOf(clocks) };
  const wasReported = status?.conditions?.some(({ type }) => type === TYPE);
  if (!wasReported) return undefined;
  return {
    type: TYPE,
    status: 'True',
    reason: 'Agree',
    message: 'the times of messages fit the clock of azid',
  };
}

const REASONS = {
  brokerAhead: 'BrokerClockAhead',
  brokerBehind: 'BrokerClockBehind',
  eventsOff: 'EventTimesOff',
} as const;

function messageOf(clocks: Exclude<ClockState, { verdict: 'agree' }>): string {
  if (clocks.verdict === 'eventsOff')
    return 'events come whose times cannot be right: they lie more than 5 minutes after the event reached the queue, or more than a day before; azid takes them with the time at which they reached it; see who else sends to the queue, and the clock of whoever does';
  const where = clocks.verdict === 'brokerAhead' ? 'ahead of' : 'behind';
  return `the clock of Service Bus is about ${clocks.minutes} minutes ${where} that of azid; which of the two is off cannot be told from here; see that the node on which azid runs has its time by NTP; ages of events, silence and the ends of grants are counted by azid's clock`;
}
