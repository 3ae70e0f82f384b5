/** Each role by itself, as an operator starts it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function run(role: string): Promise<{ code: unknown; output: string }> {
  return new Promise((resolve) => {
    const { PATH } = process.env;
    const env = { PATH, NODE_ENV: 'production', npm_config_loglevel: 'silent' } as NodeJS.ProcessEnv;
    execFile('npm', ['run', role], { cwd: ROOT, env, timeout: 30_000 }, (error, _out, output) => {
      resolve({ code: error?.code, output });
    });
  });
}

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
