/** Colours of terminals as data: text in, pieces with class names out. Nothing of the text becomes markup. */

export interface Piece {
  text: string;
  colour: number | null;
  bold: boolean;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the control characters that are looked for
const SEQUENCE = /\u001b\[([0-9;:]*)([A-Za-z])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

/** Split a line at its colour codes; all other control sequences are left out. */
export function piecesOf(line: string): Piece[] {
  if (!line.includes("\u001b")) return [{ text: line, colour: null, bold: false }];
  const pieces: Piece[] = [];
  let colour: number | null = null;
  let bold = false;
  let from = 0;
  const push = (to: number) => {
    if (to > from) pieces.push({ text: line.slice(from, to), colour, bold });
  };
  for (const found of line.matchAll(SEQUENCE)) {
    push(found.index);
    from = found.index + found[0].length;
    if (found[2] !== "m") continue;
    const codes = (found[1] || "0").split(/[;:]/).map(Number);
    for (let at = 0; at < codes.length; at++) {
      const code = codes[at]!;
      if (code === 0) [colour, bold] = [null, false];
      else if (code === 1) bold = true;
      else if (code === 22) bold = false;
      else if (code === 39) colour = null;
      else if (code >= 30 && code <= 37) colour = code - 30;
      else if (code >= 90 && code <= 97) colour = code - 82;
      else if (code === 38 || code === 48) {
        const palette = codes[at + 1] === 5 ? codes[at + 2] : undefined;
        if (code === 38 && palette !== undefined) colour = palette < 16 ? palette : null;
        at += codes[at + 1] === 5 ? 2 : 4;
      }
    }
  }
  push(line.length);
  return pieces;
}

export const plainText = (line: string): string =>
  line.includes("\u001b")
    ? piecesOf(line)
        .map((piece) => piece.text)
        .join("")
    : line;
