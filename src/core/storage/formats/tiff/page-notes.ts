/** What Mote wrote into the descriptions of a TIFF's pages, wherever it stands in them; nothing of files of other programs. */
import { parseOme } from "../../../imaging/tiff/ome.js";
import type { TiffPage } from "../../../imaging/tiff/page.js";
import { type PageRecord, readPageRecord } from "../../../imaging/tiff/page-json.js";
import { isJsonObject, parseJsonObject } from "../../../model/json.js";

/** The JSON of a page: its description, or in an OME-TIFF's first page an annotation of the OME-XML. */
function pageJson(description: string): string {
  return description.startsWith("{") ? description : (parseOme(description)?.moteJson ?? "");
}

/** The frame's header as it was stored; undefined for pages of others. */
export function readPageNotes(description: string, page: TiffPage): PageRecord | undefined {
  return readPageRecord(pageJson(description), page);
}

/** What the first page says of the stream beyond what a reader of frames needs; empty when it is not there. */
export function readStreamNotes(description: string): Readonly<Record<string, unknown>> {
  const { stream } = parseJsonObject(pageJson(description)) ?? {};
  return isJsonObject(stream) ? stream : {};
}
