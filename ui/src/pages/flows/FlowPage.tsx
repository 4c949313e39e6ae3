import { Page } from "~/parts/Page";
import { Empty } from "~/parts/Placeholders";

export function Component() {
  return (
    <Page title="Flow">
      <Empty title="Flow: not built yet" />
    </Page>
  );
}
