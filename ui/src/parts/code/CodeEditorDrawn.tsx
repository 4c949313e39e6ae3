/**
 * CodeMirror: one editor for flows, templates and files. The text is the page's; what is typed comes by `onChange`.
 * Tab indents; Escape, then Tab, leaves.
 */
import {
  autocompletion,
  type CompletionSource,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  type HoverTooltipSource,
  highlightActiveLine,
  highlightActiveLineGutter,
  hoverTooltip,
  keymap,
  lineNumbers,
  placeholder as placeholderOf,
} from "@codemirror/view";
import { useEffect, useRef } from "react";
import css from "./CodeEditor.module.css";
import { look } from "./look";

/** Something to say about a place; lines and columns count from 1. */
export interface Mark {
  line: number;
  column: number;
  message: string;
  severity: "error" | "warning" | "info";
}

export interface CodeEditorProps {
  label: string;
  value: string;
  onChange?: (value: string) => void;
  /** `yaml` knows JSON, too. */
  language?: "yaml" | "text";
  marks?: readonly Mark[];
  completions?: CompletionSource;
  hover?: HoverTooltipSource;
  placeholder?: string;
  /** Go to a line; a new object goes there again. */
  goTo?: { line: number; column: number } | null;
  readOnly?: boolean;
  /** Without line numbers: for a few lines. */
  small?: boolean;
  wrap?: boolean;
}

export default function CodeEditorDrawn(props: CodeEditorProps) {
  const { value, marks, goTo, readOnly = false } = props;
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const held = useRef(props);
  held.current = props;
  const writable = useRef(new Compartment());

  useEffect(() => {
    const made = new EditorView({
      parent: box.current!,
      state: EditorState.create({
        doc: held.current.value,
        extensions: extensionsOf(held, writable.current),
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  useEffect(() => {
    const now = view.current;
    if (now !== null && now.state.doc.toString() !== value) {
      now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: value } });
    }
  }, [value]);
  useEffect(() => {
    view.current?.dispatch({ effects: writable.current.reconfigure(EditorState.readOnly.of(readOnly)) });
  }, [readOnly]);
  useEffect(() => {
    const now = view.current;
    if (now !== null)
      now.dispatch(
        setDiagnostics(
          now.state,
          (marks ?? []).map((mark) => placed(now, mark)),
        ),
      );
  }, [marks]);
  useEffect(() => {
    const now = view.current;
    if (now === null || !goTo) return;
    const { from } = placed(now, { ...goTo, message: "", severity: "info" });
    now.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    now.focus();
  }, [goTo]);

  return <div ref={box} className={css.editor} data-small={props.small || undefined} />;
}

/** Where a mark stands: to the end of its word, or of its line. */
function placed(view: EditorView, mark: Mark): Diagnostic {
  const { doc } = view.state;
  const line = doc.line(Math.min(Math.max(1, mark.line), doc.lines));
  const from = Math.min(line.from + Math.max(0, mark.column - 1), line.to);
  const word = /^[^\s#]+/.exec(line.text.slice(from - line.from))?.[0].length ?? 0;
  return {
    from,
    to: Math.max(from, Math.min(from + word, line.to)),
    severity: mark.severity,
    message: mark.message,
  };
}

function extensionsOf(held: { current: CodeEditorProps }, writable: Compartment): Extension {
  const {
    label,
    language,
    completions,
    hover,
    small = false,
    wrap,
    readOnly = false,
    placeholder,
  } = held.current;
  const source: CompletionSource = (context) => held.current.completions?.(context) ?? null;
  const tell: HoverTooltipSource = (view, at, side) => held.current.hover?.(view, at, side) ?? null;
  return [
    look,
    small
      ? []
      : [lineNumbers(), foldGutter(), lintGutter(), highlightActiveLine(), highlightActiveLineGutter()],
    history(),
    drawSelection(),
    indentOnInput(),
    indentUnit.of("  "),
    bracketMatching(),
    closeBrackets(),
    highlightSelectionMatches(),
    search({ top: true }),
    language === "yaml" ? yaml() : [],
    completions ? autocompletion({ override: [source], activateOnTyping: true, icons: false }) : [],
    hover ? hoverTooltip(tell, { hoverTime: 350 }) : [],
    wrap ? EditorView.lineWrapping : [],
    placeholder ? placeholderOf(placeholder) : [],
    writable.of(EditorState.readOnly.of(readOnly)),
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) held.current.onChange?.(update.state.doc.toString());
    }),
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...completionKeymap,
      indentWithTab,
    ]),
  ];
}
