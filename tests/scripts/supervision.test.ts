import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTimeOf } from '../../scripts/bootstrap/process-identity.mjs';
import { rotate, tailOf } from '../../scripts/stack/logs.ts';
import type { StartError } from '../../scripts/stack/problems.ts';
import { ProcessTable } from '../../scripts/stack/process-table.ts';
import { type ProcessSpec, SupervisedProcess } from '../../scripts/stack/supervised-process.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { temporaryFolder } from '../setup/run-folder.ts';

let folder: ReturnType<typeof temporaryFolder>;
let table: ProcessTable;
let notes: string[];
let givenUp: StartError[];
let processes: SupervisedProcess[];

beforeEach(() => {
  folder = temporaryFolder('supervision');
  table = new ProcessTable(folder.path);
  notes = [];
  givenUp = [];
  processes = [];
});
afterEach(async () => {
  await Promise.all(processes.map((process) => process.stop()));
  folder.remove();
});

/** Says that it is ready by making a file, and ends a moment after SIGTERM. */
const GOOD = `
  require('node:fs').writeFileSync(process.env.READY, String(process.pid));
  process.on('SIGTERM', () => process.exit(0));
  setInterval(() => undefined, 1_000);`;

function supervised(program: string, more: Partial<ProcessSpec> = {}): SupervisedProcess {
  const ready = join(folder.path, 'ready');
  const spec: ProcessSpec = {
    name: 'role',
    command: process.execPath,
    args: ['-e', program],
    env: { ...process.env, READY: ready },
    cwd: folder.path,
    logFile: join(folder.path, 'role.log'),
    ready: async () => readyPid() !== undefined && readyPid() === result.pid,
    readyTimeoutMs: 15_000,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 5_000,
    ...more,
  };
  const readyPid = (): number | undefined => (existsSync(ready) ? Number(readFileSync(ready, 'utf8')) : undefined);
  const result = new SupervisedProcess(spec, table, {
    onNote: (line) => notes.push(line),
    onGivenUp: (error) => givenUp.push(error),
  });
  processes.push(result);
  return result;
}

describe('a supervised process', () => {
  it('is started again when it is killed, and says so in one line', async () => {
    const role = supervised(GOOD);
    await role.start();
    const first = pidOf(role);
    role.kill('SIGKILL');
    await role.untilReady(2);
    expect(role.pid).not.toBe(first);
    expect(notes).toEqual(['role was ended by SIGKILL; starting it again in 0.25 s.']);
  });

  it('is restarted in an orderly way when asked', async () => {
    const role = supervised(GOOD);
    await role.start();
    const first = pidOf(role);
    await role.restart();
    expect(role.pid).not.toBe(first);
    expect(notes[0]).toContain('ended with exit code 0');
  });

  it('is given up after five short lives in a row, with the end of its log', async () => {
    const role = supervised(`console.error('line one\\nno such table: users'); process.exit(3)`);
    await expect(role.start()).rejects.toThrow(
      /^role ended with exit code 3, 5 times in a row\.[\s\S]*no such table: users/,
    );
    // Each wait is twice the one before.
    expect(notes.map((note) => note.replace(/^.* in /, ''))).toEqual(['0.25 s.', '0.5 s.', '1 s.', '2 s.']);
    expect(givenUp).toHaveLength(1);
  });

  it('is given up when it does not become ready in time, and does not go on running', async () => {
    const role = supervised(`setInterval(() => undefined, 1_000)`, { readyTimeoutMs: 500 });
    const starting = role.start();
    const pid = pidOf(role);
    await expect(starting).rejects.toThrow(/did not become ready/);
    expect(startTimeOf(pid)).toBeUndefined();
  });

  it('does what has to be done after each start before it counts as ready', async () => {
    let times = 0;
    const role = supervised(GOOD, {
      afterStart: async () => {
        times++;
      },
    });
    await role.start();
    expect(times).toBe(1);
    await role.restart();
    expect(times).toBe(2);
  });

  it('is killed with all it has started when it does not stop in time', async () => {
    const role = supervised(
      `const { spawn } = require('node:child_process');
       const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1_000)'], { stdio: 'ignore' });
       console.log('child ' + child.pid);
       process.on('SIGTERM', () => undefined);
       require('node:fs').writeFileSync(process.env.READY, String(process.pid));
       setInterval(() => undefined, 1_000);`,
      { stopTimeoutMs: 300 },
    );
    await role.start();
    const pid = pidOf(role);
    const childPid = Number(/child (\d+)/.exec(readFileSync(join(folder.path, 'role.log'), 'utf8'))?.[1]);
    expect(startTimeOf(childPid)).toBeDefined();
    await role.stop();
    expect(startTimeOf(pid)).toBeUndefined();
    await waitFor(() => startTimeOf(childPid) === undefined, { what: 'its child to end', timeoutMs: 5_000 });
  });

  it('can be stopped while it waits for its next life', async () => {
    const role = supervised(`process.exit(1)`);
    const starting = role.start();
    const refusal = expect(starting).rejects.toThrow('stopped before it was ready');
    await waitFor(() => notes.length >= 3, { what: 'three lives', timeoutMs: 10_000 });
    await role.stop();
    await refusal;
    expect(role.pid).toBeUndefined();
  });

  it('that cannot be started at all is given up', async () => {
    const role = supervised('', { command: join(folder.path, 'missing') });
    await expect(role.start()).rejects.toThrow(/could not be started/);
  });
});

describe('the table of processes', () => {
  it('lets the next starter end what a killed one has left behind', async () => {
    const role = supervised(GOOD);
    await role.start();
    const pid = pidOf(role);
    // The next starter reads the file; it knows nothing else.
    const names = await new ProcessTable(folder.path).endOrphans();
    expect(names).toEqual(['role']);
    expect(startTimeOf(pid)).toBeUndefined();
  });

  it('leaves a process alone that only has the recorded id', async () => {
    const innocent = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1_000)'], { detached: true });
    const { pid } = innocent;
    if (pid === undefined) throw new Error('not started');
    try {
      writeFileSync(
        join(folder.path, 'run.json'),
        JSON.stringify({
          processes: [{ name: 'role', pid, startTime: `${startTimeOf(pid)}0`, stopSignal: 'SIGTERM' }],
        }),
      );
      expect(await table.endOrphans()).toEqual([]);
      expect(startTimeOf(pid)).toBeDefined();
    } finally {
      innocent.kill('SIGKILL');
      await once(innocent, 'exit');
    }
  });

  it('kills those that ignore the request to stop', async () => {
    const role = supervised(`
      process.on('SIGTERM', () => undefined);
      require('node:fs').writeFileSync(process.env.READY, String(process.pid));
      setInterval(() => undefined, 1_000);`);
    await role.start();
    const pid = pidOf(role);
    await new ProcessTable(folder.path, { stopTimeoutMs: 200 }).endOrphans();
    expect(startTimeOf(pid)).toBeUndefined();
  });
});

describe('logs', () => {
  it('are moved aside at each start, and the oldest one is dropped', () => {
    const log = join(folder.path, 'api.log');
    for (let start = 1; start <= 7; start++) {
      rotate(log);
      writeFileSync(log, `start ${start}`);
    }
    expect(readFileSync(log, 'utf8')).toBe('start 7');
    expect(readFileSync(`${log}.4`, 'utf8')).toBe('start 3');
    expect(existsSync(`${log}.5`)).toBe(false);
  });

  it('are read from their end', () => {
    const log = join(folder.path, 'long.log');
    writeFileSync(log, Array.from({ length: 50_000 }, (_, index) => `line ${index}`).join('\n'));
    expect(tailOf(log, 2)).toBe('line 49998\nline 49999');
  });
});

function pidOf(role: SupervisedProcess): number {
  if (role.pid === undefined) throw new Error('it does not run');
  return role.pid;
}
