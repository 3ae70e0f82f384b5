/**
 * The ports of the local stack. `PORT_OFFSET=n` adds n to every one of them, so that several stacks run side by side.
 */
const BASE_PORTS = {
  api: 3000,
  workerOperations: 3001,
  relayOperations: 3002,
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

/** The highest offset that keeps every port below 65,536. */
export const MAX_PORT_OFFSET = 65_535 - Math.max(...Object.values(BASE_PORTS));

/**
 * @param offset what `PORT_OFFSET` says: a whole number from 0 to {@link MAX_PORT_OFFSET}
 * @throws RangeError when the offset is not such a number
 */
export function portsFor(offset: number): Ports {
  if (!Number.isInteger(offset) || offset < 0 || offset > MAX_PORT_OFFSET) {
    throw new RangeError(`PORT_OFFSET must be a whole number from 0 to ${MAX_PORT_OFFSET}, not "${offset}"`);
  }
  return Object.fromEntries(Object.entries(BASE_PORTS).map(([name, port]) => [name, port + offset])) as Ports;
}
