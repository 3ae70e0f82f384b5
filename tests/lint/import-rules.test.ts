/** Each import rule is proven by a file that breaks it, and by one beside it that does not. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OXLINT = join(ROOT, 'node_modules/.bin/oxlint');
const run = promisify(execFile);

/** A file, the import planted in it, and whether a rule forbids it. */
const PLANTED: readonly (readonly [file: string, statement: string, forbidden: boolean])[] = [
  ['contracts/a.ts', "import { x } from '../services/users/rules.ts';", true],
  ['contracts/a.ts', "import { readFileSync } from 'node:fs';", true],
  ['contracts/a.ts', "import { x } from './ids.ts';", false],
  ['contracts/a.ts', "import { defineUpdate } from '@temporalio/workflow';", false],
  ['services/users/rules.ts', "import { x } from './store.ts';", true],
  ['services/users/rules.ts', "import { x } from '../../platform/database.ts';", true],
  ['services/users/rules.ts', "import { Pool } from 'pg';", true],
  ['services/users/onboarding-rules.ts', "import { x } from './index.ts';", true],
  ['services/users/rules.ts', "import { x } from '../../contracts/ids.ts';", false],
  ['services/transactions/rules.ts', "import { x } from './money.ts';", false],
  ['services/users/index.ts', "import { x } from '../marketplace/store.ts';", true],
  ['services/users/index.ts', "import { x } from '../../activities/purchase.ts';", true],
  ['services/users/index.ts', "import { x } from '../../providers/payments.ts';", true],
  ['services/users/index.ts', "import { x } from '../marketplace/index.ts';", false],
  ['services/users/index.ts', "import { x } from './store.ts';", false],
  ['services/users/index.ts', "import { x } from '../../platform/database.ts';", false],
  ['workflows/a.ts', "import { x } from '../activities/purchase.ts';", true],
  ['workflows/a.ts', "import { x } from '../platform/logging.ts';", true],
  ['workflows/a.ts', "import { x } from '../services/users/index.ts';", true],
  ['workflows/a.ts', "import { x } from '../providers/stripe.ts';", true],
  ['workflows/a.ts', "import { createHash } from 'node:crypto';", true],
  ['workflows/a.ts', "import type { x } from '../activities/purchase.ts';", false],
  ['workflows/a.ts', "import { x } from '../services/transactions/rules.ts';", false],
  ['api/routes/a.ts', "import type { x } from '../../activities/purchase.ts';", true],
  ['api/routes/a.ts', "import type { x } from '../../workflows/purchase.ts';", true],
  ['api/routes/a.ts', "import { x } from '../../services/users/store.ts';", true],
  ['api/routes/a.ts', "import { x } from '../../providers/stripe.ts';", true],
  ['api/routes/a.ts', "import { x } from '../../services/users/index.ts';", false],
  ['api/main.ts', "import { x } from '../providers/stripe.ts';", false],
  ['api/main.ts', "import { x } from '../activities/index.ts';", true],
  ['activities/a.ts', "import { x } from '../providers/onfido.ts';", true],
  ['activities/a.ts', "import { x } from '../services/transactions/store.ts';", true],
  ['activities/a.ts', "import { x } from '../workflows/purchase.ts';", true],
  ['activities/a.ts', "import { x } from '../providers/payments.ts';", false],
  ['providers/a.ts', "import { x } from '../services/users/index.ts';", true],
  ['providers/a.ts', "import { x } from '../contracts/money.ts';", false],
  ['platform/a.ts', "import { x } from '../services/users/index.ts';", true],
  ['platform/temporal/a.ts', "import { x } from '../../providers/stripe.ts';", true],
  ['workers/a.ts', "import { x } from '../sandbox/main.ts';", true],
  ['workers/a.ts', "import { x } from '../api/app.ts';", true],
  ['workers/a.ts', "import { x } from '../providers/stripe.ts';", false],
  ['activities/a.ts', "import { x } from '../sandbox/main.ts';", true],
  ['providers/a.ts', "import { x } from '../sandbox/main.ts';", true],
  ['api/routes/a.ts', "import { x } from '../../tests/helpers/client.ts';", true],
  ['sandbox/a.ts', "import { x } from '../services/users/index.ts';", true],
  ['sandbox/stripe/a.ts', "import { x } from '../../platform/database.ts';", true],
  ['sandbox/a.ts', "import { x } from '../platform/ports.ts';", false],
  ['scripts/verify-books.ts', "import { x } from '../services/transactions/money.ts';", true],
  ['scripts/verify-books/a.ts', "import { x } from '../../services/transactions/money.ts';", true],
  ['scripts/verify-books/a.ts', "import type { x } from '../../services/transactions/index.ts';", true],
  ['scripts/verify-books/a.ts', "import type { x } from '../../activities/purchase.ts';", true],
  ['scripts/verify-books/a.ts', "import { x } from '../../workflows/purchase.ts';", true],
  ['scripts/verify-books/a.ts', "import { x } from '../../providers/payments.ts';", true],
  ['scripts/verify-books/a.ts', "import { x } from '../../platform/temporal/codec.ts';", false],
];

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
}

describe('the import rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'import-rules-'));
  const fileOf = (index: number): string => join(`case-${index}`, PLANTED[index]?.[0] ?? '');
  let refused = new Set<string>();

  beforeAll(async () => {
    // Each case is a tree of its own, linted with our configuration at its root.
    for (const [index, [file, statement]] of PLANTED.entries()) {
      const path = join(folder, fileOf(index));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${statement}\n`);
      cpSync(join(ROOT, '.oxlintrc.json'), join(folder, `case-${index}`, '.oxlintrc.json'));
      expect(file).not.toBe('');
    }
    const { stdout } = await run(OXLINT, ['--format', 'json', '.'], { cwd: folder }).catch(
      (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
    );
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] };
    refused = new Set(
      diagnostics.filter(({ code }) => code.includes('no-restricted-imports')).map(({ filename }) => filename),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(PLANTED.map((planted, index) => [index, ...planted] as const))(
    '%i: %s: %s: %s',
    (index, _file, _statement, forbidden) => {
      expect(refused.has(fileOf(index))).toBe(forbidden);
    },
  );
});
