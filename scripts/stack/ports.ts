import { connect, createServer } from 'node:net';
import { StartError } from './problems.ts';

export interface WantedPort {
  readonly port: number;
  /** Who will listen there. */
  readonly by: string;
}

/**
 * Makes sure that nobody listens on these ports of the loopback interface.
 * @throws StartError with a line for each port that is taken, and the remedy
 */
export async function checkPorts(wanted: readonly WantedPort[], portOffset: number): Promise<void> {
  const free = await Promise.all(wanted.map(({ port }) => isFree(port)));
  const taken = wanted.filter((_, index) => free[index] === false);
  if (taken.length === 0) return;
  const names = taken.map(({ port, by }) => `${port} (${by})`).join(', ');
  const [noun, verb, pronoun] = taken.length === 1 ? ['Port', 'is', 'it'] : ['Ports', 'are', 'them'];
  throw new StartError(
    `${noun} ${names} ${verb} taken. Stop what uses ${pronoun}, or add to all ports: PORT_OFFSET=${portOffset + 100} npm start`,
  );
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      // EACCES: a privileged port, which is not ours to take either.
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Whether somebody accepts connections there. Far quicker than a client that waits between its own attempts. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
