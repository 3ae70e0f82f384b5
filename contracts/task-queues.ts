/**
 * The task queues, one per thing that limits how fast work may go on:
 * workflows and what needs only our database; each provider with its own rate limit.
 */
export const TASK_QUEUES = {
  workflows: 'wellpact',
  stripe: 'wellpact-stripe',
  onfido: 'wellpact-onfido',
} as const;

export type TaskQueue = (typeof TASK_QUEUES)[keyof typeof TASK_QUEUES];
