import { type History, historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';

export type { History } from '@temporalio/common/lib/proto-utils.js';
export type HistoryEvent = NonNullable<History['events']>[number];

/** A history as it is kept in a file: payloads stay encrypted. */
export const historyToText = (history: History): string =>
  `${JSON.stringify(JSON.parse(historyToJSON(history)), null, 1)}\n`;

/** @throws Error when the text is no history */
export const historyFromText = (text: string): History => historyFromJSON(JSON.parse(text));

/** `7 ActivityTaskScheduled createApplicant`: what an event is, and of what, without its payloads. */
export function eventText(event: HistoryEvent): string {
  const [kind, attributes] = attributesOf(event);
  const name = kind === 'MarkerRecorded' ? marked(event) : nameIn(attributes);
  return [String(event.eventId), kind, name].filter(Boolean).join(' ');
}

/** Each event has one member that is named after its kind: `markerRecordedEventAttributes`. */
function attributesOf(event: HistoryEvent): [kind: string, attributes: Readonly<Record<string, unknown>>] {
  const [member, attributes] = Object.entries(event).find(
    ([name, value]) => name.endsWith('EventAttributes') && value !== null,
  ) ?? ['unknownEventAttributes', {}];
  const kind = member.slice(0, -'EventAttributes'.length);
  return [kind.charAt(0).toUpperCase() + kind.slice(1), attributes as Record<string, unknown>];
}

function nameIn(attributes: Readonly<Record<string, unknown>>): string {
  const { activityType, signalName, acceptedRequest, timerId } = attributes as {
    activityType?: { name?: string };
    signalName?: string;
    acceptedRequest?: { input?: { name?: string } };
    timerId?: string;
  };
  return activityType?.name ?? signalName ?? acceptedRequest?.input?.name ?? timerId ?? '';
}

/** The marker of a local activity says in clear which one it was, that of a patch which change. */
function marked({ markerRecordedEventAttributes }: HistoryEvent): string {
  const { markerName, details } = markerRecordedEventAttributes ?? {};
  const data = (details?.['data'] ?? details?.['patch-data'])?.payloads?.[0]?.data;
  if (data === undefined || data === null) return markerName ?? '';
  const { activity_type: activity, id } = JSON.parse(Buffer.from(data).toString('utf8')) as {
    activity_type?: string;
    id?: string;
  };
  return activity ?? `patch:${id ?? ''}`;
}
