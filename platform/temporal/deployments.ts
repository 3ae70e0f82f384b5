/** The builds of our workers that a Temporal knows, and which of them gets the work. */
import type { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';

/** All our workers are one deployment: its versions are builds. */
export const DEPLOYMENT_NAME = 'wellpact';

/** A build as operators see it. */
export interface Build {
  readonly buildId: string;
  /** `current`, `ramping`, `draining`, `drained` or `inactive`, in Temporal's words. */
  readonly status: string;
  /** How much of the work it gets, percent. */
  readonly percent: number;
  readonly createdAt: Date | undefined;
  /** Workflows that are open and whose last task it did. */
  readonly open: number;
}

const { WorkerDeploymentVersionStatus } = proto.temporal.api.enums.v1;
/** gRPC: NOT_FOUND. */
const NOT_FOUND = 5;

type Service = Connection['workflowService'];

/** Every build that a worker was started with, the newest first; none before the first versioned worker. */
export async function listBuilds({ workflowService: service }: Connection, client: Client): Promise<Build[]> {
  const { namespace } = client.options;
  const info = await describe(service, namespace);
  const current = info?.routingConfig?.currentDeploymentVersion?.buildId;
  const ramping = info?.routingConfig?.rampingDeploymentVersion?.buildId;
  const share = info?.routingConfig?.rampingVersionPercentage ?? 0;
  const builds = await Promise.all(
    (info?.versionSummaries ?? []).map(async ({ deploymentVersion, status, createTime }): Promise<Build> => {
      const buildId = deploymentVersion?.buildId ?? '';
      return {
        buildId,
        status: statusText(status),
        percent: buildId === ramping ? share : buildId === current ? 100 - share : 0,
        createdAt: createTime ? new Date(Number(createTime.seconds) * 1_000) : undefined,
        open: await openWorkflows(client, buildId),
      };
    }),
  );
  return builds.sort((one, other) => Number(other.createdAt) - Number(one.createdAt));
}

/** All work goes to a build from now on, that of open workflows included. @throws ServiceError in Temporal's words */
export async function setCurrentBuild(
  { workflowService }: Connection,
  namespace: string,
  buildId: string,
): Promise<void> {
  await workflowService.setWorkerDeploymentCurrentVersion({ namespace, deploymentName: DEPLOYMENT_NAME, buildId });
}

/** A part of the work goes to a build; 0 percent takes it back. @throws ServiceError in Temporal's words */
export async function rampBuild(
  { workflowService }: Connection,
  namespace: string,
  buildId: string,
  percentage: number,
): Promise<void> {
  const to = percentage === 0 ? '' : buildId;
  const ramp = { namespace, deploymentName: DEPLOYMENT_NAME, buildId: to, percentage };
  await workflowService.setWorkerDeploymentRampingVersion(ramp);
}

async function describe(service: Service, namespace: string) {
  try {
    const answer = await service.describeWorkerDeployment({ namespace, deploymentName: DEPLOYMENT_NAME });
    return answer.workerDeploymentInfo;
  } catch (error) {
    if ((error as { code?: unknown }).code === NOT_FOUND) return undefined;
    throw error;
  }
}

async function openWorkflows({ workflow }: Client, buildId: string): Promise<number> {
  const version = `${DEPLOYMENT_NAME}:${buildId}`;
  const { count } = await workflow.count(
    `TemporalWorkerDeploymentVersion = '${version}' AND ExecutionStatus = 'Running'`,
  );
  return count;
}

/** `WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED` as `drained`. */
const statusText = (status: number | null | undefined): string =>
  (WorkerDeploymentVersionStatus[status ?? 0] ?? '').split('_').at(-1)?.toLowerCase() ?? '';
