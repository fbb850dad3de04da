/** Letters of five by seven dots, for a scale bar's label. */
import { type Colour, fillRectangle, type Picture } from "./canvas.js";

/** Rows from the top, five bits each, the highest on the left. */
const glyphs: Readonly<Record<string, readonly number[]>> = {
  "0": [14, 17, 19, 21, 25, 17, 14],
  "1": [4, 12, 4, 4, 4, 4, 14],
  "2": [14, 17, 1, 2, 4, 8, 31],
  "3": [31, 2, 4, 2, 1, 17, 14],
  "4": [2, 6, 10, 18, 31, 2, 2],
  "5": [31, 16, 30, 1, 1, 17, 14],
  "6": [6, 8, 16, 30, 17, 17, 14],
  "7": [31, 1, 2, 4, 8, 8, 8],
  "8": [14, 17, 17, 14, 17, 17, 14],
  "9": [14, 17, 17, 15, 1, 2, 12],
  ".": [0, 0, 0, 0, 0, 12, 12],
  m: [0, 0, 26, 21, 21, 21, 21],
  n: [0, 0, 22, 25, 17, 17, 17],
  // The tail of the mu hangs below the line, in an eighth row.
  µ: [0, 0, 17, 17, 17, 19, 29, 16],
  " ": [0, 0, 0, 0, 0, 0, 0],
};

/** Dots between the left edges of two letters. */
const advance = 6;

export function letteringWidth(text: string, dot: number): number {
  return (text.length * advance - 1) * dot;
}

/** Writes `text` with square dots of `dot` pixels; letters without a glyph leave a gap. */
export function letter(picture: Picture, left: number, top: number, text: string, dot: number, colour: Colour): void {
  for (const [index, character] of [...text].entries()) {
    for (const [row, bits] of (glyphs[character] ?? []).entries()) {
      for (let bit = 0; bit < 5; bit++) {
        if (!(bits & (16 >> bit))) continue;
        const at = { left: left + (index * advance + bit) * dot, top: top + row * dot, width: dot, height: dot };
        fillRectangle(picture, at, colour);
      }
    }
  }
}
