import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import type { Stack } from './types.ts';

/**
 * A link to what support reads about a workflow: the tab "User Metadata" of its latest run in the Web UI.
 * To the list of workflows when there is no such workflow.
 */
export async function workflowLink(stack: Stack, workflowId: string): Promise<string> {
  const base = `${stack.urls.temporalUi}/namespaces/${stack.temporal.namespace}/workflows`;
  const connection = await Connection.connect({ address: stack.temporal.address, connectTimeout: 5_000 });
  try {
    const client = new Client({ connection, namespace: stack.temporal.namespace });
    const { runId } = await client.workflow.getHandle(workflowId).describe();
    return `${base}/${encodeURIComponent(workflowId)}/${runId}/user-metadata`;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return base;
    throw error;
  } finally {
    await connection.close();
  }
}
