import { Page } from "~/parts/Page";
import { Empty } from "~/parts/Placeholders";

export function Component() {
  return (
    <Page title="Namespace">
      <Empty title="Namespace: not built yet" />
    </Page>
  );
}
