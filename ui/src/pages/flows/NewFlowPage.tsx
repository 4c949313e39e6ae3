/** A flow that is not there yet. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { allMessagesOf } from "~/api/errors";
import { createFlow } from "~/api/flows";
import { flowLink } from "~/app/links";
import { toast } from "~/app/toasts";
import { Card, Page } from "~/parts/Page";
import { useText } from "~/url/search";
import { Editor } from "./editor/Editor";
import { LeaveGuard } from "./editor/LeaveGuard";

const beginning = (namespace: string) => `id: my_flow
namespace: ${namespace}

inputs:
  - id: name
    type: STRING
    defaults: world

tasks:
  - id: hello
    type: io.kestra.plugin.core.log.Log
    message: "Hello {{ inputs.name }}"
`;

export function Component() {
  const [namespace] = useText("namespace", "company.team");
  const first = beginning(namespace);
  const [text, setText] = useState(first);
  const client = useQueryClient();
  const navigate = useNavigate();
  const save = useMutation({
    mutationFn: createFlow,
    onSuccess: (flow) => {
      toast(`${flow.namespace}.${flow.id} is there`, "good");
      void client.invalidateQueries({ queryKey: ["flows"] });
      void navigate(flowLink(flow.namespace, flow.id));
    },
  });
  return (
    <Page title="New flow">
      <Card fill>
        <Editor
          text={text}
          onText={setText}
          stored=""
          onSave={() => save.mutate(text)}
          saving={save.isPending || save.isSuccess}
          refused={save.isError ? allMessagesOf(save.error) : null}
        />
      </Card>
      <LeaveGuard when={text !== first && !save.isPending && !save.isSuccess} />
    </Page>
  );
}
