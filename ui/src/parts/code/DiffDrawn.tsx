import { yaml } from "@codemirror/lang-yaml";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import css from "./CodeEditor.module.css";
import { look } from "./look";

export interface DiffProps {
  before: string;
  after: string;
  /** One column instead of two. */
  unified?: boolean;
  labels: { before: string; after: string };
}

const FOLD = { margin: 4, minSize: 6 };

export default function DiffDrawn({ before, after, unified = false, labels }: DiffProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = box.current!;
    const of = (label: string) => [
      look,
      lineNumbers(),
      yaml(),
      EditorView.lineWrapping,
      EditorState.readOnly.of(true),
      EditorView.editable.of(false),
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
    ];
    if (unified) {
      const merge = unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: FOLD });
      const view = new EditorView({ parent, doc: after, extensions: [of(labels.after), merge] });
      return () => view.destroy();
    }
    const view = new MergeView({
      parent,
      a: { doc: before, extensions: of(labels.before) },
      b: { doc: after, extensions: of(labels.after) },
      collapseUnchanged: FOLD,
      gutter: true,
    });
    return () => view.destroy();
  }, [before, after, unified, labels.before, labels.after]);
  return <div ref={box} className={css.diff} />;
}
