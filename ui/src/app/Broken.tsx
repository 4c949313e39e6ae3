import { isRouteErrorResponse, useRouteError } from "react-router";
import { ErrorBox } from "~/parts/Placeholders";

/** A page that fell: what it said, and a way on. A new version of the page on the server heals by loading anew. */
export function Broken() {
  const error = useRouteError();
  const told = isRouteErrorResponse(error) ? new Error(error.statusText) : error;
  return <ErrorBox error={told} retry={() => window.location.reload()} />;
}
