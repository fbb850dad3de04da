/**
 * What a compressed file says of its frame by itself, beside the journal: an XMP packet (ISO 16684-1) with the capture time
 * for any viewer and the journal's entry as its description, so that a file that lost its folder keeps its metadata.
 */

import type { StreamDescriptor } from "../../../model/descriptor.js";
import { isJsonObject, parseJsonObject } from "../../../model/json.js";
import { isMetadata, type JournalEntry } from "./journal-entry.js";

type Stream = Pick<StreamDescriptor, "pixelSizeUm" | "rateHz">;
/** The entry without what belongs to the file on the disk. */
export type FrameMetadata = Omit<JournalEntry, "file" | "bytes" | "isVerified">;

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export function frameXmp(entry: FrameMetadata, { pixelSizeUm, rateHz }: Stream): string {
  const json = JSON.stringify({ ...entry, stream: { pixelSizeUm, rateHz } });
  const time = entry.capturedAtNs === "0" ? "" : ` xmp:CreateDate="${isoTime(BigInt(entry.capturedAtNs))}"`;
  return (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">' +
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""' +
    ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"' +
    ` xmp:CreatorTool="Mote"${time} tiff:ImageDescription="${json.replace(/[&<>"]/g, (sign) => escapes[sign]!)}"/>` +
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
  );
}

/** UTC with microseconds, as XMP writes dates. */
function isoTime(ns: bigint): string {
  const us = ns / 1000n;
  const micros = ((us % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((us - micros) / 1000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(micros).padStart(6, "0")}Z`;
}

/** What `frameXmp` wrote; undefined for other people's packets. */
export function readFrameXmp(xml: string): { readonly frame: FrameMetadata; readonly stream: Stream } | undefined {
  const escaped = /tiff:ImageDescription="([^"]*)"/.exec(xml)?.[1];
  if (escaped === undefined) return undefined;
  const text = escaped
    .replace(/&quot;/g, '"')
    .replace(/&gt;/g, ">")
    .replace(/&lt;/g, "<")
    .replace(/&amp;/g, "&");
  const { stream, ...frame } = parseJsonObject(text) ?? {};
  if (!isMetadata(frame) || !isJsonObject(stream)) return undefined;
  const { pixelSizeUm, rateHz } = stream;
  return {
    frame: frame as unknown as FrameMetadata,
    stream: { pixelSizeUm: numberOrNull(pixelSizeUm), rateHz: numberOrNull(rateHz) },
  };
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" && value > 0 ? value : null;
}
