/** What the pages say besides pixels: JSON descriptions, DateTime, Software and resolution, all of them ASCII. */
import { endMember, type TiffEnd } from "../../../imaging/tiff/end-mark.js";
import { headerToJson } from "../../../imaging/tiff/page-json.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import type { FrameHeader } from "../../../model/frame-header.js";
import type { TiffDateTime } from "./tiff-options.js";

/**
 * Characters beyond ASCII as \u escapes: the tag is ASCII (TIFF 6.0 section 2, type 2). tifffile takes any JSON with the
 * characters `"shape":` in it for its own, and fails or believes a number of pages; with a space before the colon it does
 * not. Inside a string the quote would have a backslash, so only keys are meant.
 */
function asciiJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('"shape":', '"shape" :')
    .replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** What a page says of its frame. */
export interface PageFrame {
  readonly header: FrameHeader;
  readonly pixelsCrc32: number;
}

/** The metadata of one frame, unknown ones left out. */
export function pageJson({ header, pixelsCrc32 }: PageFrame): string {
  return asciiJson(headerToJson(header, pixelsCrc32));
}

/**
 * On the first page also that of the stream, and its end, for which there is room until it is known; of a file in a folder of
 * them the name of the journal that speaks of its run.
 */
export function firstPageJson(
  { header, pixelsCrc32 }: PageFrame,
  descriptor: StreamDescriptor,
  end: TiffEnd | null,
  journal?: string,
): string {
  const json = asciiJson({ ...headerToJson(header, pixelsCrc32), journal, stream: streamOf(descriptor) });
  return `${json.slice(0, -1)},${endMember(end)}}`;
}

function streamOf(descriptor: StreamDescriptor): object {
  const { shape, pixelFormat, bitDepth, rateHz, pixelSizeUm, isLive, source, calibration, producedBy } = descriptor;
  const { numberStep, recordedLoss } = descriptor;
  return {
    shape: [shape.height, shape.width],
    pixel_format: pixelFormat,
    bit_depth: bitDepth,
    rate_hz: rateHz,
    pixel_size_um: pixelSizeUm,
    is_live: isLive,
    source,
    calibration,
    number_step: numberStep,
    recorded_loss: recordedLoss,
    produced_by: producedBy,
  };
}

/**
 * "YYYY:MM:DD HH:MM:SS" in UTC, whole seconds cut (TIFF 6.0 section 8), or "YYYY-MM-DDTHH:MM:SS.ffffff+00:00", cut to the
 * microsecond; undefined when unknown.
 */
export function dateTime(capturedAtNs: bigint, form: TiffDateTime = "tiff"): string | undefined {
  if (capturedAtNs <= 0n) return undefined;
  const iso = new Date(Number(capturedAtNs / 1_000_000n)).toISOString();
  if (form === "iso8601") {
    const microseconds = String((capturedAtNs / 1000n) % 1_000_000n).padStart(6, "0");
    return `${iso.slice(0, 19)}.${microseconds}+00:00`;
  }
  return `${iso.slice(0, 10).replaceAll("-", ":")} ${iso.slice(11, 19)}`;
}

/** Who made the file: the version of the first stage, since a stream may come from an older Mote. */
export function software({ producedBy }: StreamDescriptor): string {
  return producedBy[0] ? `mote ${producedBy[0].version}` : "mote";
}

/** Pixels a centimetre as a fraction of two 32-bit numbers, good to nine digits (TIFF 6.0 section 8, XResolution). */
export function perCentimetre(pixelSizeUm: number): readonly [number, number] {
  const perCm = 1e4 / pixelSizeUm;
  let denominator = 1;
  while (perCm * denominator * 10 <= 0xffff_ffff && denominator < 1e9 && !Number.isInteger(perCm * denominator)) {
    denominator *= 10;
  }
  return [Math.min(0xffff_ffff, Math.max(1, Math.round(perCm * denominator))), denominator];
}
