import { Page } from "~/parts/Page";
import { Empty } from "~/parts/Placeholders";

export function Component() {
  return (
    <Page title="Namespaces">
      <Empty title="Namespaces: not built yet" />
    </Page>
  );
}
