import { join } from 'node:path';
import type { Ports } from '../../platform/ports.ts';
import { buildRoles } from './build.ts';
import { bundleFolder } from './bundle-folder.ts';
import type { DataFolder } from './data-folder.ts';
import { type DatabaseUrls, ensureDatabases, roleOf } from './databases.ts';
import { rejectable } from './deferred.ts';
import { environmentsOf, urlsOf } from './environment.ts';
import { rotate } from './logs.ts';
import { checkPorts, type WantedPort } from './ports.ts';
import { postgresProcess, superuserUrl } from './postgres.ts';
import { StartError } from './problems.ts';
import { ProcessTable } from './process-table.ts';
import { ROLES, type Role, readyUrl } from './roles.ts';
import { loadSecrets, type Secrets } from './secrets.ts';
import { type ProcessSpec, SupervisedProcess } from './supervised-process.ts';
import type { TemporalDevConfig } from './temporal-dev-config.ts';
import { temporalAddresses } from './temporal-server.ts';
import type { TemporalContext, TemporalVariant } from './temporal-variants.ts';
import type { Stack, StackOptions } from './types.ts';

const ROLE_READY_TIMEOUT_MS = 60_000;
/** Roles end within 10 s by themselves. */
const ROLE_STOP_TIMEOUT_MS = 12_000;

/** What is read and checked before anything is touched. */
export interface StackPlan {
  readonly config: TemporalDevConfig;
  readonly ports: Ports;
  /** Somebody's own PostgreSQL, instead of the embedded one. */
  readonly own: DatabaseUrls | undefined;
  readonly temporal: TemporalVariant | undefined;
}

/** The processes of one stack: started as early as what they need allows, stopped in the opposite order. */
export class RunningStack {
  private readonly options: StackOptions;
  private readonly config: TemporalDevConfig;
  private readonly folder: DataFolder;
  private readonly table: ProcessTable;
  private readonly roles: readonly Role[];
  private readonly ports: Ports;
  private readonly own: DatabaseUrls | undefined;
  private readonly temporal: TemporalVariant | undefined;
  private readonly failure = rejectable();
  private readonly processes = new Map<string, SupervisedProcess>();
  private readonly killAll = (): void => this.table.killAllNow();
  private environments: ReturnType<typeof environmentsOf> | undefined;
  private databases: DatabaseUrls | undefined;
  private superuser: string | undefined;
  private stopped: Promise<void> | undefined;

  constructor(options: StackOptions, plan: StackPlan, folder: DataFolder) {
    this.options = options;
    this.config = plan.config;
    this.folder = folder;
    this.table = new ProcessTable(folder.path);
    this.roles = options.roles ?? ROLES;
    this.ports = plan.ports;
    this.own = plan.own;
    this.temporal = plan.temporal;
    // A starter that crashes takes its processes along.
    process.on('exit', this.killAll);
  }

  async start(): Promise<void> {
    const orphans = await this.table.endOrphans();
    if (orphans.length > 0) this.note(`Ended what an earlier start had left behind: ${orphans.join(', ')}.`);
    await checkPorts(this.wantedPorts(), this.options.portOffset);
    if (this.options.reset === true) this.folder.wipe();
    const secrets = await loadSecrets(this.folder.path);

    const build = this.build();
    const database = this.startDatabase(secrets);
    const programs = this.temporal?.acquire(this.temporalContext(secrets));
    const temporal = programs && this.startTemporal(programs, database);
    const roles = this.roles.map(async (role) => {
      const runtime = await build;
      await database;
      // Once for a user it is built, which takes minutes: longer than a role is given to become ready.
      await programs;
      if (role.needs === 'database and temporal') await temporal;
      await this.timed(`${role.name} is ready`, () => this.run(this.roleProcess(role, runtime(role.entry))));
    });
    await Promise.all([build, database, temporal, ...roles]);
  }

  /** How to run an entry: the arguments of Node. */
  private async build(): Promise<(entry: string) => readonly string[]> {
    if (this.options.run === 'source') return (entry) => ['--import', 'tsx', entry];
    const started = performance.now();
    const folder = await buildRoles(this.options.root, this.options.signal);
    this.options.onProgress({ kind: 'done', what: 'The roles are compiled', ms: performance.now() - started });
    return (entry) => ['--enable-source-maps', join(folder, entry.replace(/\.ts$/, '.js'))];
  }

  /** Ends roles first, then the sandbox, then what they all depend on. */
  stop(): Promise<void> {
    this.stopped ??= (async () => {
      const stopAll = async (names: readonly string[]): Promise<void> => {
        await Promise.all(names.map(async (name) => this.processes.get(name)?.stop()));
      };
      // Activities that are still running may be talking to the sandbox.
      await stopAll(this.roles.filter((role) => role.settings === 'application').map((role) => role.name));
      await stopAll(this.roles.filter((role) => role.settings === 'sandbox').map((role) => role.name));
      await stopAll(['temporal', 'postgres']);
      process.off('exit', this.killAll);
      this.folder.release();
    })();
    return this.stopped;
  }

  face(): Stack {
    const { databases, environments } = this;
    if (databases === undefined || environments === undefined) throw new Error('The stack is not started yet.');
    return {
      dataDir: this.folder.path,
      portOffset: this.options.portOffset,
      ports: this.ports,
      urls: urlsOf(this.ports, this.temporalAddresses()),
      temporal: { address: this.temporalAddresses().address, namespace: this.config.namespace },
      databases: { ...databases, superuser: this.superuser },
      env: environments.application,
      failed: this.failure.promise,
      kill: (name, signal) => this.process(name).kill(signal),
      restart: (name, signal) => this.process(name).restart(signal),
      pidOf: (name) => this.process(name).pid,
      logFile: (name) => this.logFile(name),
      stop: () => this.stop(),
    };
  }

  private async startDatabase(secrets: Secrets): Promise<void> {
    if (this.own === undefined) {
      await this.timed('PostgreSQL is ready', async () => {
        const spec = await postgresProcess({
          folder: this.folder.postgres,
          port: this.ports.postgres,
          password: secrets.POSTGRES_PASSWORD,
          logFile: this.logFile('postgres'),
          durability: this.options.durability ?? 'safe',
          signal: this.options.signal,
        });
        await this.run(spec);
      });
      this.superuser = superuserUrl(this.ports.postgres, secrets.POSTGRES_PASSWORD);
    }
    this.databases =
      this.own ??
      (await ensureDatabases(superuserUrl(this.ports.postgres, secrets.POSTGRES_PASSWORD), {
        owner: secrets.POSTGRES_OWNER_PASSWORD,
        app: secrets.POSTGRES_APP_PASSWORD,
        sandbox: secrets.POSTGRES_SANDBOX_PASSWORD,
      }));
    const { app, owner } = this.databases;
    await this.timed('The database is migrated', async () => {
      // Loaded only now: PostgreSQL starts in the meantime.
      const { migrate } = await import('../../platform/migrate.ts');
      await migrate(owner, roleOf(app));
    });
    this.environments = environmentsOf({
      nodeEnv: this.options.nodeEnv ?? 'development',
      portOffset: this.options.portOffset,
      ports: this.ports,
      secrets,
      databases: this.databases,
      temporal: this.temporalAddresses(),
      namespace: this.config.namespace,
      bundles: bundleFolder(this.options.root),
      objects: join(this.folder.path, 'objects'),
      extra: this.options.env ?? {},
    });
  }

  private temporalContext(secrets: Secrets): TemporalContext {
    return {
      config: this.config,
      folder: this.folder,
      ports: this.ports,
      portOffset: this.options.portOffset,
      secrets,
      logFile: this.logFile('temporal'),
      signal: this.options.signal,
      onNote: (line) => this.note(line),
    };
  }

  private async startTemporal(acquired: Promise<() => Promise<ProcessSpec>>, database: Promise<void>): Promise<void> {
    const prepare = await acquired;
    if (this.options.temporal === 'postgres') await database;
    await this.timed('Temporal is ready', async () => this.run(await prepare()));
  }

  private roleProcess(role: Role, args: readonly string[]): ProcessSpec {
    if (this.environments === undefined) throw new Error('A role is started after the database.');
    return {
      name: role.name,
      command: process.execPath,
      args,
      env: this.environments[role.settings],
      cwd: this.options.root,
      logFile: this.logFile(role.name),
      ready: readyUrl(role, this.ports),
      readyTimeoutMs: ROLE_READY_TIMEOUT_MS,
      stopSignal: 'SIGTERM',
      stopTimeoutMs: ROLE_STOP_TIMEOUT_MS,
    };
  }

  private async run(spec: ProcessSpec): Promise<void> {
    if (this.stopped !== undefined) throw new StartError(`${spec.name} is not started: the stack is being stopped.`);
    rotate(spec.logFile);
    const process = new SupervisedProcess(spec, this.table, {
      onNote: (line) => this.note(line),
      onGivenUp: (error) => this.failure.reject(error),
    });
    this.processes.set(spec.name, process);
    await process.start();
  }

  private wantedPorts(): WantedPort[] {
    return [
      ...(this.own === undefined ? [{ port: this.ports.postgres, by: 'PostgreSQL' }] : []),
      ...(this.temporal?.wantedPorts ?? []),
      ...this.roles.flatMap((role) => role.ports.map((name) => ({ port: this.ports[name], by: role.name }))),
    ];
  }

  private temporalAddresses(): ReturnType<typeof temporalAddresses> {
    return temporalAddresses(this.config, this.options.portOffset);
  }

  private process(name: string): SupervisedProcess {
    const found = this.processes.get(name);
    if (found === undefined)
      throw new RangeError(`There is no process "${name}": ${[...this.processes.keys()].join(', ')}.`);
    return found;
  }

  private logFile(name: string): string {
    return join(this.folder.logs, `${name}.log`);
  }

  private note(text: string): void {
    this.options.onProgress({ kind: 'note', text });
  }

  private async timed(what: string, work: () => Promise<void>): Promise<void> {
    const started = performance.now();
    await work();
    this.options.onProgress({ kind: 'done', what, ms: performance.now() - started });
  }
}
