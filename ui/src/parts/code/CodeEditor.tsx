/** An editor of text or code; its library comes when one is opened. */
import { lazy, Suspense } from "react";
import { Loading } from "~/parts/Placeholders";
import type { CodeEditorProps } from "./CodeEditorDrawn";
import type { DiffProps } from "./DiffDrawn";

const Drawn = lazy(() => import("./CodeEditorDrawn"));
const DrawnDiff = lazy(() => import("./DiffDrawn"));

export type { CodeEditorProps, Mark } from "./CodeEditorDrawn";

export function CodeEditor(props: CodeEditorProps) {
  return (
    <Suspense fallback={<Loading what="the editor" />}>
      <Drawn {...props} />
    </Suspense>
  );
}

/** What differs between two texts, side by side or in one column. */
export function Diff(props: DiffProps) {
  return (
    <Suspense fallback={<Loading what="the comparison" />}>
      <DrawnDiff {...props} />
    </Suspense>
  );
}
