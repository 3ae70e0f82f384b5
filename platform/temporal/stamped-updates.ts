/** Part of every client that sends updates: each says within its encrypted argument as which one it is sent. */
import { randomUUID } from 'node:crypto';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { stamp } from '../../contracts/sent-as.ts';

/** See contracts/sent-as.ts. The other half is the guard in every bundle. */
export const stampedUpdates: WorkflowClientInterceptor = {
  startUpdate: (input, next) => {
    const updateId = input.options.updateId ?? randomUUID();
    const args = stamp(input.args, { name: input.updateName, id: updateId });
    return next({ ...input, args, options: { ...input.options, updateId } });
  },
  startUpdateWithStart: (input, next) => {
    const updateId = input.updateOptions.updateId ?? randomUUID();
    const updateArgs = stamp(input.updateArgs, { name: input.updateName, id: updateId });
    return next({ ...input, updateArgs, updateOptions: { ...input.updateOptions, updateId } });
  },
};
