/**
 * What stands in /metadata, attribute `checksums`, of a file that was closed: the CRC-32 of every column and of the ledger, as
 * their bytes lie in the file, and of the texts of /metadata. The pixels have theirs beside them, a value a frame.
 */
import { crc32 } from "node:zlib";
import { parseJsonObject } from "../../../model/json.js";
import type { H5Reader } from "./h5-reader.js";

export const checksumsName = "checksums";
/** Attributes of /metadata that are covered, in this order. */
export const coveredTexts = ["acquisition_params", "tracking_config", "system_info", "processing_metrics"] as const;
const textsKey = "/metadata";

/** Rows read at once. */
const batchRows = 65_536;

/** The attribute: `columns` by path, `texts` in the order of `coveredTexts`. */
export function checksumsJson(columns: Readonly<Record<string, number>>, texts: readonly string[]): string {
  return JSON.stringify({ ...columns, [textsKey]: crc32(texts.join("\0")) });
}

/** Compares all that the file keeps checksums of; null when it keeps none. Returns what does not match, by its place in the file. */
export function changedValues(file: H5Reader): readonly string[] | null {
  const text = file.attribute("/metadata", checksumsName);
  if (text === null || text === "{}") return null;
  const known = parseJsonObject(String(text));
  if (!known) return [`/metadata, ${checksumsName}`];
  return Object.entries(known).flatMap(([path, checksum]) =>
    (path === textsKey ? textsIn(file) : columnIn(file, path)) === checksum ? [] : [path],
  );
}

function textsIn(file: H5Reader): number {
  return crc32(coveredTexts.map((name) => String(file.attribute("/metadata", name))).join("\0"));
}

function columnIn(file: H5Reader, path: string): number | undefined {
  const dataset = file.dataset(path);
  if (!dataset) return undefined;
  const rows = dataset.shape[0] ?? 0;
  const room = new Uint8Array(Math.min(rows, batchRows) * dataset.elementBytes);
  let checksum = 0;
  for (let from = 0; from < rows; from += batchRows) {
    const count = Math.min(batchRows, rows - from);
    const bytes = room.subarray(0, count * dataset.elementBytes);
    file.block(path, [from], [count], bytes);
    checksum = crc32(bytes, checksum);
  }
  return checksum;
}
