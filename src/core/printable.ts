/**
 * Text from outside, made fit for a terminal: files, paths, events, descriptors and other programs can hold control sequences
 * that rename a window, clear a screen or fake a line. What a terminal would obey is shown as JSON would escape it, so that
 * JSON stays the JSON it was.
 */

/**
 * Control characters (C0, DEL, C1), those that turn the direction of writing (Unicode, UAX 9), line and paragraph separators
 * and halves of surrogate pairs. Line feed and tab stay.
 */
const obeyed = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/gu;
const broken = /[\n\t]/g;
const shortForms: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t" };

/** The same text without anything that a terminal obeys, but line feeds and tabs. */
export function printable(text: string): string {
  return text.replace(obeyed, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A text as part of one line: line feeds are shown too, and what is longer than `most` characters is cut and counted. */
export function oneLine(text: string, most = 2000): string {
  // Cut first: a text may have hundreds of megabytes.
  const kept =
    text.length > most ? `${text.slice(0, most)}... (${text.length.toLocaleString("en-US")} characters)` : text;
  return printable(kept).replace(broken, (character) => shortForms[character]!);
}

/** True for a text that `printable` would change, or that has line feeds or tabs. */
export function needsEscapes(text: string): boolean {
  return printable(text) !== text || text.search(broken) >= 0;
}
