// `npm test` and `npm run test:full`. Plain JavaScript without dependencies, since it has to run before anything is
// installed.
import { begin } from './bootstrap/begin.mjs';

const HELP = `Checks everything: format, lint and import rules, types, then the tests.

  npm test                         all of it
  npm test -- --project unit       only these tests, without the checks before; any argument of vitest can be given
  npm run test:full                all of it, then the longer suites

It sets up its own ports and data and runs beside a running \`npm start\`.`;

await begin({ entry: 'test/main.ts', help: HELP });
