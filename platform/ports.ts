/**
 * The ports of the local stack. `PORT_OFFSET=n` adds n to every one of them, so that several stacks run side by side.
 */
const BASE_PORTS = {
  api: 3000,
  workerOperations: 3001,
  relayOperations: 3002,
  workerTemporalMetrics: 3003,
  codec: 8234,
  temporal: 7233,
  temporalUi: 8233,
  postgres: 5433,
  sandboxControl: 12110,
  stripe: 12111,
  onfido: 12112,
  push: 12113,
  smtp: 1025,
  mail: 8025,
} as const;

export type PortName = keyof typeof BASE_PORTS;
export type Ports = Readonly<Record<PortName, number>>;

/**
 * Ports that neither browsers nor Node's `fetch` ever connect to, of those that an offset can lead to
 * (https://fetch.spec.whatwg.org/#port-blocking). A server there would listen, and nobody would hear of it.
 */
const BLOCKED_PORTS: ReadonlySet<number> = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/** The highest offset that keeps every port below 65,536. */
const MAX_PORT_OFFSET = 65_535 - Math.max(...Object.values(BASE_PORTS));

/** Why an offset cannot be used, as the end of a sentence that begins with it; undefined when it can. */
export function portOffsetProblem(offset: number): string | undefined {
  if (!Number.isInteger(offset) || offset < 0 || offset > MAX_PORT_OFFSET) {
    return `must be a whole number from 0 to ${MAX_PORT_OFFSET}`;
  }
  const blocked = Object.entries(BASE_PORTS).find(([, port]) => BLOCKED_PORTS.has(port + offset));
  if (blocked === undefined) return undefined;
  const [name, port] = blocked;
  return `would put ${name} on port ${port + offset}, which browsers refuse to open; choose another one, such as ${offset + 100}`;
}

/**
 * @param offset what `PORT_OFFSET` says
 * @throws RangeError with the {@link portOffsetProblem}
 */
export function portsFor(offset: number): Ports {
  const problem = portOffsetProblem(offset);
  if (problem !== undefined) throw new RangeError(`PORT_OFFSET=${offset} ${problem}.`);
  return Object.fromEntries(Object.entries(BASE_PORTS).map(([name, port]) => [name, port + offset])) as Ports;
}
