/** Flows from a YAML file or a ZIP archive: the right ones are stored, the wrong ones are named. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Upload } from "lucide-react";
import { useRef } from "react";
import { send } from "~/api/client";
import { toast, toastError } from "~/app/toasts";
import { Button } from "~/parts/Button";

export function ImportFlows() {
  const input = useRef<HTMLInputElement>(null);
  const client = useQueryClient();
  const bring = useMutation({
    mutationFn: (file: File) => {
      const form = new FormData();
      form.set("fileUpload", file);
      return send<readonly string[]>("POST", "/flows/import", form);
    },
    onSuccess: (wrong, file) => {
      if (wrong.length > 0) toast(`Not valid, so not stored: ${wrong.join(", ")}`, "bad");
      else toast(`The flows of ${file.name} are stored`, "good");
      void client.invalidateQueries({ queryKey: ["flows"] });
    },
    onError: toastError,
  });
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="A file with flows"
        accept=".yaml,.yml,.zip"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) bring.mutate(file);
          event.target.value = "";
        }}
      />
      <Button onPress={() => input.current?.click()} isDisabled={bring.isPending}>
        <Upload size={14} /> {bring.isPending ? "Importing…" : "Import"}
      </Button>
    </>
  );
}
