import { DefaultFailureConverter } from '@temporalio/common';

/** Failures carry their message and stack trace in the encrypted part: a message could quote what a provider said. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
