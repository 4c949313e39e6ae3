import { Link } from "react-router";
import { Page } from "~/parts/Page";
import { Empty } from "~/parts/Placeholders";

/** No page has this address. */
export function NotHere() {
  return (
    <Page title="Not here">
      <Empty
        title="There is no page at this address"
        action={<Link to="/taskruns">Go to the task runs</Link>}
      />
    </Page>
  );
}
