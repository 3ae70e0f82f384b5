import type { Ports } from '../../platform/ports.ts';
import type { DatabaseUrls } from './databases.ts';
import type { StackUrls } from './environment.ts';
import type { Role } from './roles.ts';

export interface StackOptions {
  /** The root of the repository. */
  readonly root: string;
  /** Everything it keeps lies here. */
  readonly dataDir: string;
  readonly portOffset: number;
  /** All of them unless told. */
  readonly roles?: readonly Role[];
  /** `compiled` unless told. `source`: each role compiles itself as it is imported, for roles outside of the build. */
  readonly run?: 'compiled' | 'source';
  /**
   * The dev server unless told; `postgres`: the server that operators run, with its databases in the embedded PostgreSQL
   * and without Web UI. Without Temporal only roles that do not need it can be started.
   */
  readonly temporal?: boolean | 'postgres';
  readonly nodeEnv?: 'development' | 'test';
  /** `embedded` whatever the environment says; else a PostgreSQL that the environment names is used. */
  readonly database?: 'embedded';
  /** `fast` for data that is thrown away. */
  readonly durability?: 'safe' | 'fast';
  /** Delete all data first. */
  readonly reset?: boolean;
  /** More dynamic configuration of Temporal; it wins over that of `temporal-dev.yml`. */
  readonly dynamicConfig?: Readonly<Record<string, boolean | number | string>>;
  /** More settings for every role; they win over the usual ones. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onProgress: (progress: Progress) => void;
  /** Aborted: the start is given up and what was started is stopped. */
  readonly signal?: AbortSignal;
}

export type Progress =
  /** A step is done, after this many milliseconds. */
  | { readonly kind: 'done'; readonly what: string; readonly ms: number }
  /** One line that is worth reading. */
  | { readonly kind: 'note'; readonly text: string };

/** A running stack. Whoever started it stops it. */
export interface Stack {
  readonly dataDir: string;
  readonly portOffset: number;
  readonly ports: Ports;
  readonly urls: StackUrls;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly databases: DatabaseUrls & {
    /** The database `postgres` as superuser; undefined when the database is somebody's own. */
    readonly superuser: string | undefined;
  };
  /** The settings of api, worker, relay and codec server. */
  readonly env: Readonly<Record<string, string>>;
  /** Rejects when a process keeps dying. The stack is then to be stopped. */
  readonly failed: Promise<never>;
  /** Sends a signal to a process (`postgres`, `temporal` or a role); it is started again if it dies of it. */
  kill(name: string, signal: NodeJS.Signals): void;
  /** Ends a process, in an orderly way unless a signal is given, and resolves once its successor is ready. */
  restart(name: string, signal?: NodeJS.Signals): Promise<void>;
  /** Where the output of a process is written. */
  logFile(name: string): string;
  /** Of the process that runs now; undefined while it is being started again. */
  pidOf(name: string): number | undefined;
  /** Ends everything, roles before what they depend on, within a bounded time. */
  stop(): Promise<void>;
}
