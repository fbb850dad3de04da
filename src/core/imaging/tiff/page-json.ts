/**
 * The JSON in the description of our pages: the frame's header, and on the first page the stream. One table says what is
 * written and what is read, so that a frame comes back with the header it had. Unknown values are left out. JSON has no
 * infinities: an exposure, temperature or position that is infinite comes back as unknown.
 */
import { FrameHeader, frameFields, frameHeaderBytes } from "../../model/frame-header.js";
import { isJsonObject, type JsonObject, parseJsonObject } from "../../model/json.js";
import { bytesPerPixel } from "../../model/pixel-format.js";
import { readEnd, type TiffEnd } from "./end-mark.js";
import type { TiffPage } from "./page.js";

/** All but the number, which comes first and makes a description one of ours. */
const fields = frameFields.filter(({ key }) => key !== "frameNumber");

const checksumKey = "pixels_crc32";

/** What is known of one frame, but for what its page's other tags say; `pixelsCrc32` is that of its pixels, little-endian. */
export function headerToJson(header: FrameHeader, pixelsCrc32: number): JsonObject {
  const json: Record<string, number | string> = { frame_number: header.frameNumber, bit_depth: header.bitDepth };
  for (const { name, key, isTime, unknown } of fields) {
    const value = header[key];
    // Times as text: JavaScript's numbers end at 2^53, nanoseconds since 1970 do not.
    if (isTime && value !== unknown) json[name] = String(value);
    else if (Number.isFinite(value) && value !== unknown) json[name] = Number(value);
  }
  json[checksumKey] = pixelsCrc32;
  return json;
}

/** What the first page says of the stream. */
export interface StreamFacts {
  readonly bitDepth?: number;
  readonly pixelSizeUm?: number;
  readonly rateHz?: number;
  /** What the source said of itself. */
  readonly source?: JsonObject;
  readonly numberStep?: number;
}

export interface PageRecord {
  readonly header: FrameHeader;
  /** CRC-32 of the page's pixels, tightly packed, little-endian whatever the file is; absent in older files. */
  readonly pixelsCrc32?: number;
  /** On the first page only. */
  readonly stream?: StreamFacts;
  /** On the first page: null while the file grows; absent in files that say nothing of their end. */
  readonly end?: TiffEnd | null;
  /** Of a file in a folder of them: name of the journal beside it that speaks of its run. */
  readonly journal?: string;
}

/** Reads the description of a page of ours; undefined for any other text. What is damaged counts as unknown. */
export function readPageRecord(description: string, page: TiffPage): PageRecord | undefined {
  if (!description.startsWith('{"frame_number":')) return undefined;
  const json = parseJsonObject(description);
  if (!json) return undefined;
  const { frame_number: frameNumber, bit_depth: bitDepth } = json;
  if (!isWhole(frameNumber, 0, 2 ** 53 - 1)) return undefined;
  const header = new FrameHeader(new ArrayBuffer(frameHeaderBytes), 0);
  const sampleBytes = bytesPerPixel[page.pixelFormat];
  const bits = isWhole(bitDepth, 1, sampleBytes * 8) ? bitDepth : sampleBytes * 8;
  header.reset(page.pixelFormat, page.height, page.width, page.width * sampleBytes, bits);
  header.frameNumber = frameNumber;
  for (const { name, isTime, range, set } of fields) {
    const value = json[name];
    // Nineteen digits reach beyond the 64 bits of a header's time in the year 2262.
    if (isTime && typeof value === "string" && /^-?\d{1,19}$/.test(value))
      set(header, BigInt.asIntN(64, BigInt(value)));
    else if (!isTime && isReal(value) && (!range || isWhole(value, ...range))) set(header, value);
  }
  const stream = readStream(json.stream, sampleBytes * 8);
  const end = readEnd(json);
  const { [checksumKey]: sum } = json;
  return {
    header,
    ...(stream && { stream }),
    ...(isWhole(sum, 0, 0xffff_ffff) && { pixelsCrc32: sum }),
    ...(end !== undefined && { end }),
    ...(typeof json.journal === "string" && { journal: json.journal }),
  };
}

function readStream(value: unknown, mostBits: number): StreamFacts | undefined {
  if (!isJsonObject(value)) return undefined;
  const { bit_depth: bitDepth, pixel_size_um: pixelSizeUm, rate_hz: rateHz, source } = value;
  return {
    ...(isWhole(bitDepth, 1, mostBits) && { bitDepth }),
    ...(isReal(pixelSizeUm) && pixelSizeUm > 0 && { pixelSizeUm }),
    ...(isReal(rateHz) && rateHz > 0 && { rateHz }),
    ...(isWhole(value.number_step, 1, 2 ** 53 - 1) && { numberStep: value.number_step }),
    ...(isJsonObject(source) && { source }),
  };
}

function isReal(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}
