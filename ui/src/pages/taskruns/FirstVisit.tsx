/** Nothing has ever run here: an example is one click away, and is then seen running. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { Link } from "react-router";
import { post, send } from "~/api/client";
import { ApiError } from "~/api/errors";
import type { Execution } from "~/api/types";
import { toastError } from "~/app/toasts";
import { Button } from "~/parts/Button";
import { EXAMPLE, EXAMPLE_ID, EXAMPLE_NAMESPACE } from "./example";
import css from "./FirstVisit.module.css";

const IS_THERE = new Set([409, 422]);

async function runExample(): Promise<Execution> {
  try {
    await send("POST", "/flows", EXAMPLE, {}, "application/x-yaml");
  } catch (error) {
    // Someone has made it already: then it is only run.
    if (!(error instanceof ApiError && IS_THERE.has(error.status))) throw error;
  }
  return post<Execution>(`/executions/${EXAMPLE_NAMESPACE}/${EXAMPLE_ID}`);
}

export function FirstVisit({ onRunning }: { onRunning: (execution: Execution) => void }) {
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: runExample,
    onSuccess: (execution) => {
      onRunning(execution);
      void client.invalidateQueries();
    },
    onError: toastError,
  });
  return (
    <div className={css.first}>
      <h2>Nothing has run here yet</h2>
      <p>
        Every run of every task will be listed here, whatever flow it belongs to: as it happens, to be
        searched, compared and acted upon. See it with an example: three regions are loaded one after the
        other, a shaky task is tried until it works, and a report is written. It takes about ten seconds.
      </p>
      <div className={css.ways}>
        <Button kind="primary" onPress={() => run.mutate()} isDisabled={run.isPending}>
          <Play size={14} /> {run.isPending ? "Starting…" : "Run the example"}
        </Button>
        <Link to="/flows">or write a flow of your own</Link>
      </div>
      <pre className={css.yaml}>{EXAMPLE}</pre>
    </div>
  );
}
