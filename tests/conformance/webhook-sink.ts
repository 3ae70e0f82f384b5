import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '../helpers/wait-for.ts';
import { bodyOf } from './recorder.ts';

/** A webhook that arrived. */
export interface ReceivedWebhook {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface WebhookSink {
  readonly url: string;
  readonly received: readonly ReceivedWebhook[];
  /** Answers so many of the next webhooks with 500. */
  failNext(count: number): void;
  /** The first webhook that matches, once it is there. */
  waitForWebhook(matches: (webhook: ReceivedWebhook) => boolean): Promise<ReceivedWebhook>;
  stop(): Promise<void>;
}

const WEBHOOK_TIMEOUT_MS = 10_000;

/** Plays the application's webhook endpoints. */
export async function startWebhookSink(): Promise<WebhookSink> {
  const received: ReceivedWebhook[] = [];
  let failures = 0;
  const server = createServer((incoming, outgoing) => {
    bodyOf(incoming).then(
      (body) => {
        const refused = failures > 0;
        failures -= refused ? 1 : 0;
        if (!refused) received.push({ path: incoming.url ?? '', headers: incoming.headers, body });
        outgoing.writeHead(refused ? 500 : 200).end();
      },
      (error: unknown) => outgoing.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    failNext: (count) => {
      failures = count;
    },
    waitForWebhook: (matches) =>
      waitFor(() => received.find(matches), { what: 'a webhook', timeoutMs: WEBHOOK_TIMEOUT_MS }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
