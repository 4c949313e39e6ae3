/** What can be done with several flows at once. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CirclePause, CirclePlay, Download, Trash2 } from "lucide-react";
import { useState } from "react";
import { request, send } from "~/api/client";
import type { Flow } from "~/api/flows";
import { toast, toastError } from "~/app/toasts";
import { Button } from "~/parts/Button";
import { Dialog } from "~/parts/Dialog";
import { save } from "~/parts/save";

const refsOf = (flows: readonly Flow[]) => flows.map(({ namespace, id }) => ({ namespace, id }));

export function FlowActions({ flows, onDone }: { flows: readonly Flow[]; onDone: () => void }) {
  const [asks, setAsks] = useState(false);
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: ({ verb }: { verb: "enable" | "disable" | "delete" }) =>
      verb === "delete"
        ? send<{ count: number }>("DELETE", "/flows/delete/by-ids", refsOf(flows))
        : send<{ count: number }>("POST", `/flows/${verb}/by-ids`, refsOf(flows)),
    onSuccess: ({ count }, { verb }) => {
      const done = count === 1 ? "1 flow" : `${count} flows`;
      const rest = flows.length - count;
      toast(`${done} ${verb}d${rest > 0 ? `; ${rest} already ${rest === 1 ? "was" : "were"}` : ""}`, "good");
      setAsks(false);
      onDone();
      void client.invalidateQueries({ queryKey: ["flows"] });
    },
    onError: toastError,
  });
  const exported = useMutation({
    mutationFn: async () => {
      const answer = await request(
        "POST",
        "/flows/export/by-ids",
        {},
        {
          body: JSON.stringify(refsOf(flows)),
          headers: { "Content-Type": "application/json" },
        },
      );
      save(await answer.blob(), "flows.zip");
    },
    onError: toastError,
  });
  const busy = act.isPending || exported.isPending;
  return (
    <>
      <Button small onPress={() => exported.mutate()} isDisabled={busy}>
        <Download size={13} /> Export
      </Button>
      <Button small onPress={() => act.mutate({ verb: "enable" })} isDisabled={busy}>
        <CirclePlay size={13} /> Enable
      </Button>
      <Button small onPress={() => act.mutate({ verb: "disable" })} isDisabled={busy}>
        <CirclePause size={13} /> Disable
      </Button>
      <Button small kind="danger" onPress={() => setAsks(true)} isDisabled={busy}>
        <Trash2 size={13} /> Delete
      </Button>
      <Dialog
        title={flows.length === 1 ? "Delete this flow?" : `Delete ${flows.length} flows?`}
        isOpen={asks}
        onClose={() => setAsks(false)}
        actions={
          <>
            <Button onPress={() => setAsks(false)}>Keep {flows.length === 1 ? "it" : "them"}</Button>
            <Button kind="danger" onPress={() => act.mutate({ verb: "delete" })} isDisabled={busy}>
              Delete
            </Button>
          </>
        }
      >
        <p>{flows.map((flow) => `${flow.namespace}.${flow.id}`).join(", ")}</p>
        <p>No more executions of them will start. Those that run go on, and what ran stays to be found.</p>
      </Dialog>
    </>
  );
}
