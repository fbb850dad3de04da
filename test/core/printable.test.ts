import { expect, test } from "vitest";
import { needsEscapes, oneLine, printable } from "../../src/core/printable.js";

/** What a terminal obeys: C0 but tab and line feed, DEL, C1, the bidirectional controls and separators of Unicode. */
const obeyed = [
  ...Array.from({ length: 32 }, (_, code) => code).filter((code) => code !== 9 && code !== 10),
  ...Array.from({ length: 33 }, (_, index) => 0x7f + index),
  ...[0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069],
  ...[0x2028, 0x2029],
];

test("what a terminal obeys is shown as JSON would escape it", () => {
  for (const code of obeyed) {
    const text = `a${String.fromCharCode(code)}b`;
    const shown = printable(text);
    expect(shown).toBe(`a\\u${code.toString(16).padStart(4, "0")}b`);
    expect(JSON.parse(`"${shown}"`)).toBe(text);
    expect(needsEscapes(text)).toBe(true);
  }
});

test("JSON that is printed is the JSON it was, C1 and DEL included", () => {
  const value = { name: "\u001b[31m\u009b2J\u007f\\\u0085 \ud800 µm 粒子 😀", list: ["\u202eabc"] };
  const shown = printable(JSON.stringify(value));
  expect(JSON.parse(shown)).toEqual(value);
  expect(obeyed.filter((code) => shown.includes(String.fromCharCode(code)))).toEqual([]);
});

test("other text stays as it is, in any script", () => {
  for (const text of ["run 1.mote", "µm, 粒子, Größe, 😀, é", "two\nlines\tand a tab"])
    expect(printable(text)).toBe(text);
  expect(needsEscapes("粒子.mote")).toBe(false);
});

test("a part of a line has no line feed, and is cut where it is very long, with its length told", () => {
  expect(oneLine("name\nerror: mote: all is well")).toBe("name\\nerror: mote: all is well");
  const cut = oneLine(`${"x".repeat(5_000_000)}\u001b`);
  expect(cut.length).toBeLessThan(2100);
  expect(cut).toContain("(5,000,001 characters)");
});

test("halves of surrogate pairs, which are no text, are shown by their number", () => {
  expect(printable("a\ud83db\ude00")).toBe("a\\ud83db\\ude00");
  expect(oneLine("😀".repeat(10), 3)).toMatch(/^😀\\ud83d\.\.\. /);
});
