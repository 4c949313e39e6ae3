/** Addresses of things, in one place. */
export const flowLink = (namespace: string, flowId: string): string =>
  `/flows/${encodeURIComponent(namespace)}/${encodeURIComponent(flowId)}`;
export const namespaceLink = (namespace: string): string => `/namespaces/${encodeURIComponent(namespace)}`;

/** An execution; with a task run, at its place in the gantt. */
export const executionLink = (executionId: string, taskRunId?: string): string =>
  `/executions/${encodeURIComponent(executionId)}${taskRunId ? `?tab=gantt&taskRun=${encodeURIComponent(taskRunId)}` : ""}`;

/** The list of task runs with a query. */
export const taskRunsLink = (query: string): string => `/taskruns?query=${encodeURIComponent(query)}`;
