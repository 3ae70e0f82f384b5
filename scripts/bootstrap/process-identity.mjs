import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When the process with this id was started, in a form that only serves to be compared. A process id alone is no
 * identity: the system gives it to another process sooner or later. Two processes never share both.
 * @param {number} pid
 * @returns {string | undefined} undefined when there is no such process, or only its unreaped remains
 */
export function startTimeOf(pid) {
  return process.platform === 'linux' ? startTimeFromProc(pid) : startTimeFromPs(pid);
}

/** Field numbers as in proc_pid_stat(5), counted from the field after the command's name. */
const STATE = 0;
const START_TIME = 19;

function startTimeFromProc(pid) {
  let stat;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    // ESRCH: it went between opening the file and reading it.
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
  // The name of the command stands in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (isGone(fields[STATE])) return undefined;
  // Ticks since the machine was booted: only the boot's id makes them mean a moment.
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[START_TIME]}`;
}

function startTimeFromPs(pid) {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    const [state, ...startTime] = line.split(/\s+/);
    return isGone(state) ? undefined : startTime.join(' ');
  } catch (error) {
    // ps exits with 1 when it finds no such process.
    if (error.status === 1) return undefined;
    throw error;
  }
}

/** Zombies have ended; in a container nobody may ever collect them. */
function isGone(state) {
  return state === undefined || state === '' || state.startsWith('Z') || state.startsWith('X');
}
