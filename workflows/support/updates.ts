/**
 * For an update that asks nothing of its input. Only what has a validator is looked at before it is recorded: without one,
 * a copy of another update would be taken. See platform/temporal/typed-input-guard.ts.
 */
export const GUARDED = { validator: (..._given: unknown[]): void => {} } as const;
