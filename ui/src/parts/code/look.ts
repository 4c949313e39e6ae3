/** How code looks: the page's colours, so both themes come by themselves. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { nonce } from "~/app/nonce";

const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "12.5px", backgroundColor: "var(--surface)", color: "var(--text)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": {
    backgroundColor: "var(--surface)",
    color: "var(--text-3)",
    borderRight: "1px solid var(--line)",
  },
  ".cm-activeLine, .cm-activeLineGutter": {
    backgroundColor: "color-mix(in oklab, var(--accent) 6%, transparent)",
  },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in oklab, var(--accent) 24%, transparent)",
  },
  ".cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--line-strong)" },
  ".cm-searchMatch": { backgroundColor: "var(--mark)" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-textfield": { borderColor: "var(--control)", backgroundColor: "var(--surface)" },
  ".cm-button": {
    backgroundImage: "none",
    borderColor: "var(--line-strong)",
    backgroundColor: "var(--surface)",
    color: "var(--text)",
  },
  ".cm-tooltip": {
    border: "1px solid var(--line)",
    borderRadius: "7px",
    backgroundColor: "var(--raised)",
    color: "var(--text)",
    boxShadow: "var(--shadow-high)",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "18em" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    backgroundColor: "var(--cursor)",
    color: "var(--text)",
  },
  ".cm-completionLabel": { fontSize: "12px" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700", color: "var(--accent)" },
  ".cm-completionDetail": { color: "var(--text-3)", fontStyle: "normal", marginLeft: "1em" },
  ".cm-completionInfo, .cm-docs": {
    maxWidth: "360px",
    padding: "8px 11px",
    fontFamily: "var(--font)",
    fontSize: "12px",
    lineHeight: "1.45",
  },
  ".cm-docs b": { fontFamily: "var(--mono)" },
  ".cm-docs span": { color: "var(--text-3)", marginLeft: "8px" },
  ".cm-diagnostic": { padding: "6px 10px", borderLeftWidth: "3px", fontFamily: "var(--font)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--red)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--orange)" },
  ".cm-lintRange-error": { textDecoration: "underline wavy var(--red) 1px", backgroundImage: "none" },
  ".cm-lintRange-warning": { textDecoration: "underline wavy var(--orange) 1px", backgroundImage: "none" },
  ".cm-lintPoint-error:after": { borderBottomColor: "var(--red)" },
  ".cm-changedLine": { backgroundColor: "color-mix(in oklab, var(--green) 7%, transparent) !important" },
  ".cm-deletedChunk, &.cm-merge-a .cm-changedLine": {
    backgroundColor: "color-mix(in oklab, var(--red) 6%, transparent) !important",
  },
  ".cm-changedText": { background: "color-mix(in oklab, var(--green) 17%, transparent) !important" },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": {
    background: "color-mix(in oklab, var(--red) 15%, transparent) !important",
  },
  ".cm-collapsedLines": {
    background: "var(--sunken) !important",
    color: "var(--text-2)",
    padding: "3px 12px",
  },
  ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: '"⋯" !important' },
  ".cm-placeholder": { color: "var(--text-3)" },
});

const words = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--blue-text)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--green-text)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--orange-text)" },
  { tag: [tags.keyword, tags.typeName, tags.labelName], color: "var(--violet-text)" },
  { tag: tags.comment, color: "var(--text-3)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--text-2)" },
  { tag: tags.invalid, color: "var(--red-text)" },
]);

export const look: Extension = [EditorView.cspNonce.of(nonce), theme, syntaxHighlighting(words)];
