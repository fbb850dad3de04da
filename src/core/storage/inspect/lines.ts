/** The facts of a file as a few aligned lines for people, and the words that formats share for them. */
import type { JsonObject, JsonValue } from "../../model/json.js";
import { oneLine } from "../../printable.js";
import { formatCount } from "../../units.js";
import type { Ending } from "./ending.js";
import type { Inspection } from "./inspection.js";

export function inspectText(path: string, inspection: Inspection, ending: Ending): string {
  const lines = inspection.lines(ending).flatMap(([label, text]) => (text === null ? [] : [lineText(label, text)]));
  return [path === "-" ? "stdin" : oneLine(path), ...lines].join("\n");
}

/** What stands before the texts, behind two spaces. */
const labelColumns = 12;
/** What they may take of a terminal of 80 columns. */
const textColumns = 80 - 2 - labelColumns;

/** All of it may come from a file of anybody. */
function lineText(label: string, text: string | readonly string[]): string {
  const parts = typeof text === "string" ? [text] : text;
  const head = oneLine(label, 40);
  const gap = head.length < labelColumns ? "" : "  ";
  return `  ${head.padEnd(labelColumns)}${gap}${parts.map((part) => oneLine(part)).join(`\n  ${" ".repeat(labelColumns)}`)}`;
}

/** Only what was looked at: whether the pixels and values are those that were written is for mote verify to say. */
export function whole({ state, why }: Ending): string {
  if (state === "cut") return `no: ${why}`;
  if (state === "unknown") return `not known: ${why}; readable to its end`;
  return why === null ? "yes" : `yes, ${why}`;
}

/** The same of a file of which not all was read: only what its end says is told. */
export function notWhole(ending: Ending): string | null {
  return ending.state === "unknown" || ending.why === null ? null : whole(ending);
}

export function lostWords(frames: number): string {
  return `${formatCount(frames, "frame")} while recording, as it says`;
}

export function closed(isInOrder: boolean): string {
  return isInOrder ? "in order" : "no: the run was cut; what is here was flushed";
}

export function range(first: number | null, last: number | null): string {
  return first === null || last === null ? "" : `, numbered ${first} to ${last}`;
}

export function rate(hz: number | null): string | null {
  return hz === null ? null : `${Number(hz.toPrecision(4))} frames a second`;
}

export function gaps(missing: number): string {
  return missing === 0 ? "none" : `${formatCount(missing, "frame number")} missing`;
}

/** In as many lines as they take; the first begins with `lead`. */
export function settings(options: JsonObject, lead = ""): readonly string[] {
  const lines = [lead];
  for (const [name, value] of Object.entries(options)) {
    if (Array.isArray(value) && value.length === 0) continue;
    const setting = `${name} ${plain(value)}`;
    const line = lines.at(-1)!;
    const isBegin = lines.length === 1 && line === lead;
    const longer = isBegin ? `${line}${setting}` : `${line}, ${setting}`;
    if (isBegin || longer.length < textColumns) lines[lines.length - 1] = longer;
    else {
      lines[lines.length - 1] = `${line},`;
      lines.push(setting);
    }
  }
  return lines;
}

/** A value in a line of text; a long one is cut. */
export function plain(value: JsonValue): string {
  const pair = value as { y?: number; x?: number } | null;
  if (
    pair &&
    typeof pair === "object" &&
    typeof pair.y === "number" &&
    typeof pair.x === "number" &&
    Object.keys(pair).length === 2
  ) {
    return pair.y === pair.x ? String(pair.y) : `${pair.y},${pair.x}`;
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const line = text.replace(/\s+/g, " ");
  return line.length > 100 ? `${line.slice(0, 97)}...` : line;
}
