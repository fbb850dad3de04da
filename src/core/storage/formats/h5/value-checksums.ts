/**
 * What stands in /metadata, attribute `checksums`, of a file that was closed: the CRC-32 of every column and of the ledger, as
 * their bytes lie in the file, and of the texts of /metadata. The pixels have theirs beside them, a value a frame.
 */
import { crc32 } from "node:zlib";
import { MoteError } from "../../../errors.js";
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

/** Something that is not as it was when the file was closed. */
export interface ValueFault {
  /** Its place in the file: "/tracks/x", "/metadata/ledger"; "/metadata" for its texts. */
  readonly path: string;
  readonly kind: "missing" | "unreadable" | "changed";
}

export const faultClause: Readonly<Record<ValueFault["kind"], string>> = {
  missing: "is not there",
  unreadable: "cannot be read",
  changed: "does not match its checksum",
};

/** Compares all that the file keeps checksums of; null when it keeps none. */
export function valueFaults(file: H5Reader): readonly ValueFault[] | null {
  const text = file.attribute("/metadata", checksumsName);
  if (text === null || text === "{}") return null;
  const known = parseJsonObject(String(text));
  if (!known) return [{ path: `/metadata, ${checksumsName}`, kind: "unreadable" }];
  return Object.entries(known).flatMap(([path, checksum]): ValueFault[] => {
    try {
      const found = path === textsKey ? textsIn(file) : columnIn(file, path);
      if (found === checksum) return [];
      return [{ path, kind: found === undefined ? "missing" : "changed" }];
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      return [{ path, kind: "unreadable" }];
    }
  });
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
