/**
 * A line of the journal as bytes. Each ends in `"chain"`, the CRC-32 of its text on top of the line before, so that a line that
 * is changed, gone, there twice or in another place is noticed, and by the line that ends a run also one that is gone at the end.
 */
import { crc32 } from "node:zlib";
import { parseJsonObject } from "../../model/json.js";
import { hex } from "./hex.js";

type Line = Readonly<Record<string, unknown>>;

const ending = /,"chain":"([0-9a-f]{8})"\}$/;

/** The line with its line feed, and its place in the chain for the next one. `before`: that of the line before, 0 for none. */
export function encodeLine(line: object, before: number): { readonly bytes: Uint8Array; readonly chain: number } {
  const text = JSON.stringify(line);
  const chain = crc32(text, before);
  return { bytes: Buffer.from(`${text.slice(0, -1)},"chain":"${hex(chain)}"}\n`), chain };
}

export interface DecodedLine {
  readonly line: Line;
  /** Its place in the chain, for the next line; 0 for a line without one. */
  readonly chain: number;
  /** Whether it follows the line before; undefined: a line of a Mote that kept no chain. */
  readonly isNext: boolean | undefined;
}

/** Reads a line without its line feed; undefined when it is no JSON object. */
export function decodeLine(text: string, before: number): DecodedLine | undefined {
  const found = ending.exec(text);
  const own = found ? `${text.slice(0, found.index)}}` : text;
  const line = parseJsonObject(own);
  if (!line) return undefined;
  if (!found) return { line, chain: 0, isNext: undefined };
  const chain = Number.parseInt(found[1]!, 16);
  return { line, chain, isNext: crc32(own, before) === chain };
}
