/**
 * The JSON in the description of our pages: the frame's header, and on the first page the stream. One table says what is
 * written and what is read, so that a frame comes back with the header it had. Unknown values are left out. JSON has no
 * infinities: an exposure, temperature or position that is infinite comes back as unknown.
 */
import { FrameHeader, frameHeaderBytes, noDeviceFrameNumber } from "../../model/frame-header.js";
import { isJsonObject, type JsonObject, parseJsonObject } from "../../model/json.js";
import { bytesPerPixel } from "../../model/pixel-format.js";
import { readEnd, type TiffEnd } from "./end-mark.js";
import type { TiffPage } from "./page.js";

type NumericField = Exclude<
  { [Key in keyof FrameHeader]: FrameHeader[Key] extends number ? Key : never }[keyof FrameHeader],
  "codec"
>;

interface NumberField {
  readonly key: string;
  readonly field: NumericField;
  /** What the header has when nothing is known, which is not written. */
  readonly unknown: number;
  /** Whole numbers of this range; undefined: any finite number. */
  readonly range?: readonly [least: number, most: number];
}

const index = [0, 0xffff_ffff] as const;
const signed = [-0x8000_0000, 0x7fff_ffff] as const;
const numbers: readonly NumberField[] = [
  { key: "source_index", field: "sourceIndex", unknown: 0, range: index },
  { key: "device_frame_number", field: "deviceFrameNumber", unknown: noDeviceFrameNumber, range: [0, 2 ** 53 - 1] },
  { key: "exposure_ms", field: "exposureMs", unknown: Number.NaN },
  { key: "temperature_c", field: "temperatureC", unknown: Number.NaN },
  { key: "binning_x", field: "binningX", unknown: 1, range: [0, 0xffff] },
  { key: "binning_y", field: "binningY", unknown: 1, range: [0, 0xffff] },
  { key: "roi_x", field: "roiX", unknown: 0, range: signed },
  { key: "roi_y", field: "roiY", unknown: 0, range: signed },
  { key: "stage_x_um", field: "stageXUm", unknown: Number.NaN },
  { key: "stage_y_um", field: "stageYUm", unknown: Number.NaN },
  { key: "stage_z_um", field: "stageZUm", unknown: Number.NaN },
  { key: "channel_index", field: "channelIndex", unknown: 0, range: index },
  { key: "z_index", field: "zIndex", unknown: 0, range: index },
  { key: "position_index", field: "positionIndex", unknown: 0, range: index },
];
/** As text: JavaScript's numbers end at 2^53, nanoseconds since 1970 do not. */
const times = [
  { key: "captured_at_ns", field: "capturedAtNs" },
  { key: "received_at_ns", field: "receivedAtNs" },
] as const;

const checksumKey = "pixels_crc32";

/** What is known of one frame, but for what its page's other tags say; `pixelsCrc32` is that of its pixels, little-endian. */
export function headerToJson(header: FrameHeader, pixelsCrc32: number): JsonObject {
  const json: Record<string, number | string> = { frame_number: header.frameNumber, bit_depth: header.bitDepth };
  for (const { key, field } of times) if (header[field] !== 0n) json[key] = String(header[field]);
  for (const { key, field, unknown } of numbers) {
    const value = header[field];
    if (Number.isFinite(value) && value !== unknown) json[key] = value;
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
  for (const { key, field, range } of numbers) {
    const value = json[key];
    if (isReal(value) && (!range || isWhole(value, ...range))) header[field] = value;
  }
  for (const { key, field } of times) {
    const value = json[key];
    // Nineteen digits reach beyond the 64 bits of a header's time in the year 2262.
    if (typeof value === "string" && /^-?\d{1,19}$/.test(value)) header[field] = BigInt.asIntN(64, BigInt(value));
  }
  const stream = readStream(json.stream, sampleBytes * 8);
  const end = readEnd(json);
  const { [checksumKey]: sum } = json;
  return {
    header,
    ...(stream && { stream }),
    ...(isWhole(sum, 0, 0xffff_ffff) && { pixelsCrc32: sum }),
    ...(end !== undefined && { end }),
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
