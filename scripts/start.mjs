// `npm start`. Plain JavaScript without dependencies, since it has to run before anything is installed.
import { begin } from './bootstrap/begin.mjs';

const HELP = `Starts all of Wellpact on this machine: PostgreSQL, Temporal with its Web UI, and every role.

  npm start                        start; on the first start a demo purchase is played
  npm start -- --no-demo           without the demo purchase
  npm start -- --reset             delete the data of this clone first, then start anew
  npm start -- --ephemeral         keep the data in a temporary folder and delete it at the end
  PORT_OFFSET=100 npm start        add 100 to every port, to run beside another one

The data lies in .wellpact/ and survives Ctrl-C and restarts; logs are in .wellpact/logs/.
WELLPACT_DATA=<folder> puts it elsewhere.
temporal-dev.yml describes the Temporal server; TEMPORAL_CLI names a Temporal CLI to use.
DATABASE_URL, MIGRATION_DATABASE_URL and SANDBOX_DATABASE_URL together name a PostgreSQL of your own.`;

await begin({ entry: 'start/main.ts', help: HELP });
