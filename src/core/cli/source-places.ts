/** Leads a stack trace in joined chunks (scripts/bundle.mjs) back to the modules they were made of, by the chunks' source maps. */
import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { fileURLToPath } from "node:url";
import { parseJson } from "../model/json.js";

/** file:///.../dist/start/chunks/running-0123abcd.js:12:34 */
const chunkPlace = /(file:\/\/[^\s()]+\/start\/chunks\/[^\s()/]+\.js):(\d+):(\d+)/g;

/** The trace with every place that a map knows named by its own module; the others as they are. */
export function inSourcePlaces(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  return stack.replace(chunkPlace, (place, url: string, line: string, column: string) => {
    if (!maps.has(url)) maps.set(url, mapOf(url));
    const found = maps.get(url)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!found || !("originalSource" in found)) return place;
    const { originalSource, originalLine, originalColumn } = found;
    return `${new URL(originalSource, url).href}:${originalLine + 1}:${originalColumn + 1}`;
  });
}

function mapOf(url: string): SourceMap | undefined {
  try {
    return new SourceMap(parseJson(readFileSync(`${fileURLToPath(url)}.map`, "utf8")) as unknown as SourceMapPayload);
  } catch {
    // A trace is told as it is rather than not at all.
    return undefined;
  }
}
