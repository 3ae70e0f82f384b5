import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The process was called with arguments that it does not know. */
const WRONG_ARGUMENTS = 2;

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<Given extends Options> = ReturnType<
  typeof parseArgs<{ options: Given & { help: { type: 'boolean'; short: 'h' } } }>
>['values'];

/**
 * Reads the arguments of a role. `--help` prints the usage and ends the process with 0; what the role does not know ends
 * it with {@link WRONG_ARGUMENTS}, before any setting is looked at.
 */
export function argumentsOrExit<const Given extends Options>(usage: string, options: Given): Values<Given> {
  let values: Values<Given>;
  try {
    ({ values } = parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h' } } }));
  } catch (error) {
    return exitWithUsage(usage, error instanceof Error ? error.message : String(error));
  }
  if ('help' in values && values.help === true) {
    console.log(usage);
    process.exit(0);
  }
  return values;
}

/** Of a command with words of its own beside its options: `--help` prints the usage and ends the process with 0. */
export function helpIfAsked(usage: string): void {
  if (!process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) return;
  console.log(usage);
  process.exit(0);
}

/** Ends the process: its arguments make no sense. */
export function exitWithUsage(usage: string, complaint: string): never {
  console.error(`${complaint}\n\n${usage}`);
  process.exit(WRONG_ARGUMENTS);
}

/** How every usage of a role ends. */
export const ABOUT_ROLES = `Settings come from the environment: docs/reference/settings.md. SIGTERM and SIGINT end it in an orderly way.
Ends with 0 when it was told to, with 1 when it could not start or go on, with 2 when its arguments are wrong.`;
