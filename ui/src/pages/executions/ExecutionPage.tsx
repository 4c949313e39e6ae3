import { Page } from "~/parts/Page";
import { Empty } from "~/parts/Placeholders";

export function Component() {
  return (
    <Page title="Execution">
      <Empty title="Execution: not built yet" />
    </Page>
  );
}
