import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheEntry, cacheFolder } from './cache-folder.ts';
import { lastLines, run } from './commands.ts';
import { StartError } from './problems.ts';
import { findOnPath } from './programs.ts';

/** The newest of `io.temporal:temporal-test-server` that SDK 1.24 was run against. */
const VERSION = '1.38.0';
const NAME = 'temporal-test-server';
const REACH_TIMEOUT_MS = 3_000;
const FETCH_TIMEOUT_MS = 5 * 60_000;

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
  const folder = await cacheEntry({
    cache,
    name,
    make: (target) => fetchFromMaven(target, options),
    timeoutMs: FETCH_TIMEOUT_MS,
    onWait: (pid) => options.onNote(`Process ${pid} is fetching the time-skipping server; waiting for it.`),
  });
  return join(folder, NAME);
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
    throw new StartError(
      "The time-skipping test server is missing: Temporal's download cannot be reached, and there is no JDK 17 with Maven to run the one of Maven Central. Install them (for Debian: openjdk-17-jre-headless, maven).",
    );
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
  writeFileSync(join(folder, NAME), WRAPPER);
  chmodSync(join(folder, NAME), 0o755);
}

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

/** The SDK wants one program. The folder is looked up when it runs, since it moves into the cache when it is complete. */
const WRAPPER = `#!/bin/sh
exec java -XX:TieredStopAtLevel=1 -cp "$(dirname "$0")/lib/*" io.temporal.testserver.TestServer "$@"
`;
