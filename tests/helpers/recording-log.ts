import type { LogFields, Logger } from '../../platform/logging.ts';

export interface RecordingLogger extends Logger {
  readonly lines: Array<{ level: string; message: string; fields: LogFields }>;
}

/** A logger that keeps its lines for the test. */
export function recordingLogger(): RecordingLogger {
  const lines: RecordingLogger['lines'] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void =>
      void lines.push({ level, message, fields });
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  };
  return { ...logger, lines };
}
