import { Page } from "~/parts/Page";
import { Empty } from "~/parts/Placeholders";

export function Component() {
  return (
    <Page title="Executions">
      <Empty title="Executions: not built yet" />
    </Page>
  );
}
