import { Page } from "~/parts/Page";
import { Empty } from "~/parts/Placeholders";

export function Component() {
  return (
    <Page title="Flows">
      <Empty title="Flows: not built yet" />
    </Page>
  );
}
