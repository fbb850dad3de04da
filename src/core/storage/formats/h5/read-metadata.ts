/** What an HDF5 archive says of its run, from the attributes of /metadata. */
import { type JsonObject, parseJsonObject } from "../../../model/json.js";
import { cutRecording, lossOfEnd, type RecordedLoss } from "../../../model/recorded-loss.js";
import type { H5Reader } from "./h5-reader.js";

/** An attribute of JSON text; empty where it is not there or cannot be read. */
export function jsonAttribute(file: H5Reader, name: string): JsonObject {
  const text = file.attribute("/metadata", name);
  return (typeof text === "string" ? parseJsonObject(text) : undefined) ?? {};
}

/** What the file says of its own losses; undefined where it does not say whether it was closed. */
export function recordedLossIn(file: H5Reader): RecordedLoss | undefined {
  const isClosed = file.attribute("/metadata", "is_complete");
  if (isClosed === null) return undefined;
  const end = jsonAttribute(file, "processing_metrics");
  // The files of a row that was split have their own losses in the ledger, and the last one the totals of all.
  const isOfRow = file.attribute("/metadata", "segment_index") !== null;
  if ("stages" in end) return { ...lossOfEnd(end), ...(isOfRow && { lost: null }) };
  // An end that says itself that it is none is believed before the mark.
  return Number(isClosed) === 1 && end.isComplete !== false
    ? { isCut: false, isComplete: true, lost: null, reasons: [] }
    : cutRecording;
}
