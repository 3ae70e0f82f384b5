import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { cacheEntry, cacheFolder } from './cache-folder.ts';
import { lastLines, run } from './commands.ts';
import { StartError } from './problems.ts';
import { findOnPath } from './programs.ts';
import { waitUntil } from './waiting.ts';

/** The newest of `io.temporal:temporal-test-server` that SDK 1.24 was run against. */
const VERSION = '1.38.0';
const MAIN = 'io.temporal.testserver.TestServer';
const PROGRAM = 'temporal-test-server';
const CLASSES = 'classes.jsa';
const REACH_TIMEOUT_MS = 3_000;
const FETCH_TIMEOUT_MS = 5 * 60_000;
const LISTEN_TIMEOUT_MS = 60_000;

export interface TimeSkippingServerOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly onNote: (line: string) => void;
}

/**
 * The path of a time-skipping Temporal server for `TestWorkflowEnvironment`: from the user's cache, else from Maven
 * Central. Undefined when the SDK can download its own: Temporal's server answers within seconds.
 * @throws StartError when none can be had, saying what to install
 */
export async function acquireTimeSkippingServer(options: TimeSkippingServerOptions): Promise<string | undefined> {
  const cache = cacheFolder(options.env);
  const name = `test-server-${VERSION}`;
  if (!existsSync(join(cache, name)) && (await isReachable('https://temporal.download/'))) return undefined;
  const entry = { cache, timeoutMs: FETCH_TIMEOUT_MS };
  const libraries = await cacheEntry({
    ...entry,
    name,
    make: (target) => fetchFromMaven(target, options),
    onWait: (pid) => options.onNote(`Process ${pid} is fetching the time-skipping server; waiting for it.`),
  });
  // An entry of its own: Java compares where the libraries are with where they were, and they move into the cache.
  const folder = await cacheEntry({
    ...entry,
    name: `${name}-program`,
    make: (target) => makeProgram(target, `${join(libraries, 'lib')}/*`, options),
    onWait: (pid) => options.onNote(`Process ${pid} is preparing the time-skipping server; waiting for it.`),
  });
  return join(folder, PROGRAM);
}

async function isReachable(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(REACH_TIMEOUT_MS) });
    return response.status < 500;
  } catch {
    // No network, or no such name: the answer to the question.
    return false;
  }
}

async function fetchFromMaven(folder: string, options: TimeSkippingServerOptions): Promise<void> {
  const maven = findOnPath('mvn', options.env);
  if (maven === undefined || findOnPath('java', options.env) === undefined) {
    throw new StartError(MISSING);
  }
  options.onNote(`Fetching the time-skipping server ${VERSION} with Maven, once for this user.`);
  const libraries = join(folder, 'lib');
  mkdirSync(libraries);
  writeFileSync(join(folder, 'pom.xml'), POM);
  const { code, output } = await run(maven, {
    args: ['--batch-mode', '--quiet', 'dependency:copy-dependencies', `-DoutputDirectory=${libraries}`],
    cwd: folder,
    env: options.env,
    timeoutMs: FETCH_TIMEOUT_MS,
  });
  if (code !== 0) throw new StartError(`Maven could not fetch the time-skipping server: ${lastLines(output, 3)}`);
}

/** What a short-lived server wants of Java: to be there soon. */
const SOON = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/**
 * Writes the one program that the SDK wants. It begins with the classes of a first run, which is three times as fast: the SDK
 * gives a server five seconds to listen (https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html).
 */
async function makeProgram(
  folder: string,
  classPath: string,
  { env, onNote }: TimeSkippingServerOptions,
): Promise<void> {
  const port = await freePort();
  const args = [...SOON, `-XX:ArchiveClassesAtExit=${join(folder, CLASSES)}`, '-cp', classPath, MAIN, String(port)];
  const java = findOnPath('java', env);
  if (java === undefined) throw new StartError(MISSING);
  const first = spawn(java, args, { env, stdio: 'ignore' });
  const ended = once(first, 'exit');
  try {
    await waitUntil(() => listens(port), { what: 'the time-skipping server to listen', timeoutMs: LISTEN_TIMEOUT_MS });
  } finally {
    first.kill('SIGTERM');
    await ended;
  }
  // Another Java than 17 may not keep its classes like this: then the server only begins later.
  if (!existsSync(join(folder, CLASSES))) onNote('This Java keeps no classes: the time-skipping server begins slowly.');
  const begun = ['exec java', ...SOON, '-Xshare:auto', `-XX:SharedArchiveFile="$(dirname "$0")/${CLASSES}"`];
  writeFileSync(join(folder, PROGRAM), `#!/bin/sh\n${begun.join(' ')} -cp "${classPath}" ${MAIN} "$@"\n`);
  chmodSync(join(folder, PROGRAM), 0o755);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

const MISSING =
  "The time-skipping test server is missing: Temporal's download cannot be reached, and there is no JDK 17 with Maven to run the one of Maven Central. Install them (for Debian: openjdk-17-jre-headless, maven).";

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>wellpact</groupId>
  <artifactId>test-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;
