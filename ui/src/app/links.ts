/** Addresses of things, in one place. */

/** Under which the server has this page. */
export const ROOT = "/ui";

export const flowLink = (namespace: string, flowId: string): string =>
  `/flows/${encodeURIComponent(namespace)}/${encodeURIComponent(flowId)}`;
export const namespaceLink = (namespace: string): string => `/namespaces/${encodeURIComponent(namespace)}`;

/** An execution; with a task run, at its place in the gantt. */
export const executionLink = (executionId: string, taskRunId?: string): string =>
  `/executions/${encodeURIComponent(executionId)}${taskRunId ? `?tab=gantt&taskRun=${encodeURIComponent(taskRunId)}` : ""}`;

/** The list of task runs with a query. */
export const taskRunsLink = (query: string, more: Record<string, string | undefined> = {}): string =>
  `/taskruns${searchOf(query, more)}`;

/** The list of executions, or of log lines, with a query and what else stands in its address. */
export const executionsLink = (query: string, more: Record<string, string | undefined> = {}): string =>
  `/executions${searchOf(query, more)}`;
export const logsLink = (query: string, more: Record<string, string | undefined> = {}): string =>
  `/logs${searchOf(query, more)}`;

function searchOf(query: string, more: Record<string, string | undefined>): string {
  const search = new URLSearchParams(query === "" ? {} : { query });
  for (const [name, value] of Object.entries(more)) if (value !== undefined) search.set(name, value);
  return search.size === 0 ? "" : `?${search}`;
}
