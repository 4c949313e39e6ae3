import { Page } from "~/parts/Page";
import { Empty } from "~/parts/Placeholders";

export function Component() {
  return (
    <Page title="Triggers">
      <Empty title="Triggers: not built yet" />
    </Page>
  );
}
