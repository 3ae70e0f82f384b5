/**
 * When the process with this id was started, in a form that only serves to be compared; undefined when there is no
 * such process, or only its unreaped remains.
 */
export function startTimeOf(pid: number): string | undefined;
