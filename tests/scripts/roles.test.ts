/** Each role by itself, as an operator starts it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Run {
  readonly code: unknown;
  readonly out: string;
  /** What it says on standard error. */
  readonly output: string;
}

function run(role: string, ...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const { PATH } = process.env;
    const env = { PATH, NODE_ENV: 'production', npm_config_loglevel: 'silent' } as NodeJS.ProcessEnv;
    execFile('npm', ['run', role, '--', ...args], { cwd: ROOT, env, timeout: 30_000 }, (error, out, output) => {
      resolve({ code: error?.code ?? 0, out, output });
    });
  });
}

const ROLES = ['api', 'worker', 'relay', 'codec', 'migrate'];

test.each(['api', 'worker', 'relay', 'codec'])(
  '%s in production without settings says all that is missing',
  async (role) => {
    const { code, output } = await run(role);
    expect(code).toBe(1);
    expect(output).toMatch(
      /^These settings are missing or wrong:\n( {2}[A-Z_]+: .+\n)+See docs\/reference\/settings\.md\.\n$/,
    );
    for (const name of [
      'PUBLIC_URL',
      'DATABASE_URL',
      'TEMPORAL_ADDRESS',
      'PAYLOAD_KEYS',
      'STRIPE_API_KEY',
      'SMTP_URL',
      'MAIL_FROM',
    ]) {
      expect(output).toContain(`  ${name}: `);
    }
  },
);

test('migrate without settings says all that is missing', async () => {
  const { code, output } = await run('migrate', '--create', '--temporal');
  expect(code).toBe(1);
  for (const name of ['MIGRATION_DATABASE_URL', 'DATABASE_URL', 'ADMIN_DATABASE_URL', 'TEMPORAL_ADDRESS']) {
    expect(output).toContain(`  ${name}: missing`);
  }
});

test.each(ROLES)('%s says what it is for, and takes no flag that it does not know', async (role) => {
  const help = await run(role, '--help');
  expect(help).toMatchObject({ code: 0, output: '' });
  expect(help.out).toMatch(new RegExp(`Usage: npm run ${role}\\b`));
  const wrong = await run(role, '--wrong');
  expect(wrong).toMatchObject({ code: 2, out: '' });
  expect(wrong.output).toMatch(new RegExp(`^Unknown option '--wrong'[^]*Usage: npm run ${role}\\b`));
});

test('a worker is told when there is no such task queue', async () => {
  const { code, output } = await run('worker', '--task-queues', 'wellpact,nothing');
  expect(code).toBe(2);
  expect(output).toMatch(/^No such task queue: .*nothing\. There are: /);
});
