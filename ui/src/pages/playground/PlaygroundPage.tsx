import { Page } from "~/parts/Page";
import { Empty } from "~/parts/Placeholders";

export function Component() {
  return (
    <Page title="Playground">
      <Empty title="Playground: not built yet" />
    </Page>
  );
}
