/** The fields of one page of ours, but for its description: what it is, where it stands, who made it, and when. */
import { tag } from "../../../imaging/tiff/tags.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import type { FrameHeader } from "../../../model/frame-header.js";
import { bytesPerPixel } from "../../../model/pixel-format.js";
import { dateTime, perCentimetre, software } from "./describe-page.js";
import type { Field } from "./directory-bytes.js";
import { mostClassicBytes, type Strips } from "./page-chain.js";
import type { StripLayout } from "./strip-layout.js";
import type { TiffDateTime } from "./tiff-options.js";

/** In ascending order of their tags, an even number of them. */
export function pageFields(
  descriptor: StreamDescriptor,
  layout: StripLayout,
  header: FrameHeader,
  { offsets, byteCounts }: Strips,
  description: Field,
  dateTimeForm?: TiffDateTime,
): Field[] {
  const { shape, pixelFormat, pixelSizeUm } = descriptor;
  const resolution = pixelSizeUm !== null && pixelSizeUm > 0 ? perCentimetre(pixelSizeUm) : ([1, 1] as const);
  const hasUnit = pixelSizeUm !== null && pixelSizeUm > 0;
  const time = dateTime(header.capturedAtNs, dateTimeForm);
  const optional: Field[] = [];
  if (time) optional.push({ tag: tag.dateTime, type: "text", text: time });
  if (layout.predictor !== 1) optional.push({ tag: tag.predictor, type: "short", values: [layout.predictor] });
  const short = (number: number, value: number): Field => ({ tag: number, type: "short", values: [value] });
  const fields: Field[] = [
    { tag: tag.imageWidth, type: "long", values: [shape.width] },
    { tag: tag.imageLength, type: "long", values: [shape.height] },
    short(tag.bitsPerSample, bytesPerPixel[pixelFormat] * 8),
    short(tag.compression, layout.compression),
    // 1: BlackIsZero.
    short(tag.photometric, 1),
    description,
    { tag: tag.stripOffsets, type: offsets.at(-1)! > mostClassicBytes ? "long8" : "long", values: offsets },
    short(tag.samplesPerPixel, 1),
    { tag: tag.rowsPerStrip, type: "long", values: [layout.rowsPerStrip] },
    { tag: tag.stripByteCounts, type: "long", values: byteCounts },
    { tag: tag.xResolution, type: "rational", values: resolution },
    { tag: tag.yResolution, type: "rational", values: resolution },
    // 3: centimetre, 1: no unit.
    short(tag.resolutionUnit, hasUnit ? 3 : 1),
    { tag: tag.software, type: "text", text: software(descriptor) },
    ...optional,
    // 1: unsigned integer, 3: floating point.
    short(tag.sampleFormat, pixelFormat === "float32" ? 3 : 1),
  ];
  // Orientation 1 is the default, and makes the number even (see alignDirectory).
  if (fields.length % 2 === 1) fields.splice(7, 0, short(tag.orientation, 1));
  return fields;
}
