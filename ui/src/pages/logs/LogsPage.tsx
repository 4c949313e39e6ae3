import { Page } from "~/parts/Page";
import { Empty } from "~/parts/Placeholders";

export function Component() {
  return (
    <Page title="Logs">
      <Empty title="Logs: not built yet" />
    </Page>
  );
}
