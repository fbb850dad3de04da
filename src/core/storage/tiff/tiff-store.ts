/**
 * Frames as a TIFF or OME-TIFF of many pages, under the final name from the start: after every frame the file is whole for
 * any reader, whatever becomes of the process. Detections and events have no place in it.
 */
import { closeSync, openSync, unlinkSync } from "node:fs";
import { basename } from "node:path";
import { failure, type MoteError, reason } from "../../errors.js";
import { tag } from "../../imaging/tiff/tags.js";
import type { Frame } from "../../memory/frame.js";
import { frameBytes, type StreamDescriptor } from "../../model/descriptor.js";
import { bytesPerPixel } from "../../model/pixel-format.js";
import { fileInTheWay } from "../files.js";
import type { FrameStore, StoreRequest } from "../frame-store.js";
import { dateTime, pageJson, perCentimetre, software } from "./describe-page.js";
import type { Field } from "./directory-bytes.js";
import { createOmeText } from "./ome-text.js";
import { mostClassicBytes, PageChain, type Strips } from "./page-chain.js";
import { createStrips, type StripLayout } from "./strips.js";
import { plainTiff, tiffRefusal } from "./tiff-options.js";

/** Room for a page's directory and texts, and for the first page's or the OME-XML's, which hold the stream's description. */
const pageOverheadBytes = 4096;
const fileOverheadBytes = 4 * 1024 * 1024;

export function openTiffStore(request: StoreRequest): FrameStore {
  const { path, where, descriptor } = request;
  const options = request.settings?.tiff ?? plainTiff;
  const refused = tiffRefusal(where, options);
  if (refused) throw refused;
  const strips = createStrips(descriptor.shape, descriptor.pixelFormat, options);
  const mostPageBytes = mostBytesOfPage(strips);
  const wholeBytes = frameBytes(descriptor);
  const ome = /\.ome\.tiff?$/i.test(path) ? createOmeText(descriptor, basename(path)) : undefined;
  let fd: number;
  try {
    fd = openSync(path, request.isForced ? "w" : "wx");
  } catch (error) {
    throw fileInTheWay(where, error);
  }
  let frames = 0;
  let chain: PageChain;
  try {
    chain = new PageChain(fd, needsBigTiff(descriptor.frameCount, mostPageBytes));
  } catch (error) {
    remove();
    throw writingFailed(error);
  }

  function remove(): void {
    closeSync(fd);
    unlinkSync(path);
  }

  function writingFailed(error: unknown): MoteError {
    return failure(
      where,
      `writing after frame ${frames} failed: ${reason(error)}`,
      "What was stored before is whole; make room and run again with another --out.",
      error,
    );
  }

  return {
    get frames() {
      return frames;
    },
    rows: 0,
    append(frame) {
      if (!chain.isBig && chain.end + mostPageBytes > mostClassicBytes) {
        throw failure(
          where,
          `is full after frame ${frames}: more frames came than the ${descriptor.frameCount} announced, and this TIFF ends at 4 GB`,
          "What was stored before is whole.",
        );
      }
      const { buffer, byteOffset } = frame.pixels;
      const pixels = new Uint8Array(buffer, byteOffset, wholeBytes);
      try {
        chain.append({
          lead: frames === 0 ? ome?.begin(frame.header) : undefined,
          encode: (take) => strips.encode(pixels, take),
          describe: (placed, leadAt) => pageFields(descriptor, strips, frame, placed, describe(frame, leadAt)),
          linked: (directory) => ome?.linked(chain, frame.header.capturedAtNs, directory),
        });
      } catch (error) {
        throw writingFailed(error);
      }
      frames++;
    },
    event() {},
    close(end) {
      // A TIFF without an image is none (TIFF 6.0 section 2), so a run without frames leaves no file.
      if (frames === 0) return remove();
      try {
        ome?.finish(chain);
        chain.sync();
      } catch (error) {
        if (end) throw notClosed(error);
      } finally {
        closeSync(fd);
      }
    },
  };

  function notClosed(error: unknown): MoteError {
    const hint = "All frames are in the file, their capture times in the descriptions of their pages.";
    return failure(where, `cannot be closed in order: ${reason(error)}`, hint, error);
  }

  function describe({ header }: Frame, leadAt: number): Field {
    if (frames > 0) return { tag: tag.imageDescription, type: "text", text: pageJson(header) };
    if (ome) return { tag: tag.imageDescription, type: "textAt", offset: leadAt, length: ome.beganWith };
    return { tag: tag.imageDescription, type: "text", text: pageJson(header, descriptor) };
  }
}

function mostBytesOfPage(strips: StripLayout): number {
  return strips.mostBytes + strips.count * 20 + pageOverheadBytes;
}

/** BigTIFF when the frames may need more than 4 GB, or their number is unknown. */
export function needsBigTiff(frameCount: number | null, mostPageBytes: number): boolean {
  return frameCount === null || frameCount * mostPageBytes + fileOverheadBytes > mostClassicBytes;
}

/** The fields of a page in ascending order of their tags, an even number of them. */
function pageFields(
  descriptor: StreamDescriptor,
  strips: StripLayout,
  { header }: Frame,
  { offsets, byteCounts }: Strips,
  description: Field,
): Field[] {
  const { shape, pixelFormat, pixelSizeUm } = descriptor;
  const resolution = pixelSizeUm !== null && pixelSizeUm > 0 ? perCentimetre(pixelSizeUm) : ([1, 1] as const);
  const hasUnit = pixelSizeUm !== null && pixelSizeUm > 0;
  const time = dateTime(header.capturedAtNs);
  const optional: Field[] = [];
  if (time) optional.push({ tag: tag.dateTime, type: "text", text: time });
  if (strips.predictor !== 1) optional.push({ tag: tag.predictor, type: "short", values: [strips.predictor] });
  const short = (number: number, value: number): Field => ({ tag: number, type: "short", values: [value] });
  const fields: Field[] = [
    { tag: tag.imageWidth, type: "long", values: [shape.width] },
    { tag: tag.imageLength, type: "long", values: [shape.height] },
    short(tag.bitsPerSample, bytesPerPixel[pixelFormat] * 8),
    short(tag.compression, strips.compression),
    // 1: BlackIsZero.
    short(tag.photometric, 1),
    description,
    { tag: tag.stripOffsets, type: offsets.at(-1)! > mostClassicBytes ? "long8" : "long", values: offsets },
    short(tag.samplesPerPixel, 1),
    { tag: tag.rowsPerStrip, type: "long", values: [strips.rowsPerStrip] },
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
