/** What is known of a purchase that has not gone on: for whoever looks for the cause. */
import { eventText } from '../../platform/temporal/history.ts';
import { historyOf } from '../helpers/histories.ts';
import type { Walk } from './actions.ts';

const LAST_EVENTS = 40;

/** The last things in the history of its workflow, each with the time of the day. */
export async function lastOf({ id }: Walk): Promise<string> {
  try {
    const { events } = await historyOf(`purchase/${id}`);
    const lines = (events ?? []).slice(-LAST_EVENTS).map((event) => {
      const ms = Number(event.eventTime?.seconds ?? 0) * 1_000 + (event.eventTime?.nanos ?? 0) / 1_000_000;
      return `${new Date(ms).toISOString().slice(11, 23)} ${eventText(event)}`;
    });
    return `now ${new Date().toISOString().slice(11, 23)}, its history:\n  ${lines.join('\n  ')}\n`;
  } catch (error) {
    return `its history could not be read (${error instanceof Error ? error.message : String(error)})`;
  }
}
