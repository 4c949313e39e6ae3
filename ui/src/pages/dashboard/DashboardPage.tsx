import { Page } from "~/parts/Page";
import { Empty } from "~/parts/Placeholders";

export function Component() {
  return (
    <Page title="Dashboard">
      <Empty title="Dashboard: not built yet" />
    </Page>
  );
}
