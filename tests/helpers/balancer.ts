import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Hands connections to those behind it in turn, as what stands in front of replicas does. */
export interface Balancer {
  readonly port: number;
  add(port: number): void;
  remove(port: number): void;
  close(): Promise<void>;
}

const CHECK_INTERVAL_MS = 100;

/**
 * @param port where it listens, on the loopback interface; 0: anywhere
 * @param isReady asked all the time of each that was added: only those that say yes get new connections
 */
export async function startBalancer(port: number, isReady: (port: number) => Promise<boolean>): Promise<Balancer> {
  const added = new Set<number>();
  let ready: readonly number[] = [];
  let turn = 0;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const target = ready[turn++ % Math.max(1, ready.length)];
    open.add(client);
    client.on('close', () => open.delete(client));
    client.on('error', () => client.destroy());
    if (target === undefined) return client.destroy();
    const behind = connect({ port: target, host: '127.0.0.1' });
    behind.on('error', () => client.destroy());
    behind.on('close', () => client.destroySoon());
    client.on('close', () => behind.destroySoon());
    return client.pipe(behind).pipe(client);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const closing = new AbortController();
  const checks = (async () => {
    while (!closing.signal.aborted) {
      const asked = [...added];
      const answers = await Promise.all(asked.map(isReady));
      ready = asked.filter((candidate, index) => answers[index] === true && added.has(candidate));
      await sleep(CHECK_INTERVAL_MS);
    }
  })();
  return {
    port: address !== null && typeof address === 'object' ? address.port : port,
    add: (target) => void added.add(target),
    remove: (target) => {
      added.delete(target);
      ready = ready.filter((candidate) => candidate !== target);
    },
    close: async () => {
      closing.abort();
      await checks;
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
