/**
 * A line of the journal beside compressed frames: what a file of pixels cannot say of its frame. NDJSON, one object a
 * line: `{"journal":1,…}` when a run starts, `{"frame":…}` a file, `{"quarantined":…}` a frame that could not be stored,
 * `{"event":…}` a gap or drop, `{"end":…}` when a run ended in order. Nanoseconds are text: they exceed 2^53.
 */
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { FrameHeader, frameHeaderBytes, noDeviceFrameNumber } from "../../../model/frame-header.js";
import { bytesPerPixel } from "../../../model/pixel-format.js";

export interface JournalEntry {
  readonly frame: number;
  readonly file: string;
  /** Size of the file. */
  readonly bytes: number;
  /** Size of the pixels. */
  readonly rawBytes: number;
  /** CRC-32 of the pixels, tightly packed, little-endian; eight hexadecimal digits. */
  readonly crc32: string;
  /** True when the codestream was decoded again and compared. */
  readonly isVerified: boolean;
  /** Significant bits of a sample. */
  readonly bitDepth: number;
  /** The camera's own number; null without one. */
  readonly device: number | null;
  /** "0" when unknown. */
  readonly capturedAtNs: string;
  readonly receivedAtNs: string;
  readonly source: number;
  readonly channel: number;
  readonly z: number;
  readonly position: number;
  readonly exposureMs: number | null;
  readonly temperatureC: number | null;
  readonly binning: { readonly y: number; readonly x: number };
  readonly roi: { readonly y: number; readonly x: number };
  readonly stageUm: { readonly x: number | null; readonly y: number | null; readonly z: number | null };
  /** The file the frame was replayed from; absent for a camera's. */
  readonly sourceFile?: string;
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

export function entryOf(
  header: FrameHeader,
  own: Pick<JournalEntry, "file" | "bytes" | "rawBytes" | "crc32" | "isVerified" | "sourceFile">,
): JournalEntry {
  return {
    frame: header.frameNumber,
    ...own,
    bitDepth: header.bitDepth,
    device: header.deviceFrameNumber === noDeviceFrameNumber ? null : header.deviceFrameNumber,
    capturedAtNs: String(header.capturedAtNs),
    receivedAtNs: String(header.receivedAtNs),
    source: header.sourceIndex,
    channel: header.channelIndex,
    z: header.zIndex,
    position: header.positionIndex,
    exposureMs: orNull(header.exposureMs),
    temperatureC: orNull(header.temperatureC),
    binning: { y: header.binningY, x: header.binningX },
    roi: { y: header.roiY, x: header.roiX },
    stageUm: { x: orNull(header.stageXUm), y: orNull(header.stageYUm), z: orNull(header.stageZUm) },
  };
}

/** The header a frame had when it was stored. */
export function headerOf(
  entry: Omit<JournalEntry, "file" | "bytes" | "isVerified">,
  { pixelFormat, shape }: Pick<StreamDescriptor, "pixelFormat" | "shape">,
): FrameHeader {
  const header = new FrameHeader(new ArrayBuffer(frameHeaderBytes), 0);
  header.reset(pixelFormat, shape.height, shape.width, shape.width * bytesPerPixel[pixelFormat], entry.bitDepth);
  header.frameNumber = entry.frame;
  header.deviceFrameNumber = entry.device ?? noDeviceFrameNumber;
  header.capturedAtNs = BigInt(entry.capturedAtNs);
  header.receivedAtNs = BigInt(entry.receivedAtNs);
  header.sourceIndex = entry.source;
  header.channelIndex = entry.channel;
  header.zIndex = entry.z;
  header.positionIndex = entry.position;
  header.exposureMs = entry.exposureMs ?? Number.NaN;
  header.temperatureC = entry.temperatureC ?? Number.NaN;
  header.binningY = entry.binning.y;
  header.binningX = entry.binning.x;
  header.roiY = entry.roi.y;
  header.roiX = entry.roi.x;
  header.stageXUm = entry.stageUm.x ?? Number.NaN;
  header.stageYUm = entry.stageUm.y ?? Number.NaN;
  header.stageZUm = entry.stageUm.z ?? Number.NaN;
  return header;
}

const counts = ["frame", "rawBytes", "bitDepth", "source", "channel", "z", "position"] as const;
const numbersOrNull = ["device", "exposureMs", "temperatureC"] as const;

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isPlace(value: unknown, isKnown: (part: unknown) => boolean): boolean {
  const { x, y, z = null } = (value ?? {}) as { x?: unknown; y?: unknown; z?: unknown };
  return isKnown(x) && isKnown(y) && (z === null || isNumber(z));
}

type Parsed = Readonly<Record<string, unknown>>;

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** True when a parsed object has every member that speaks of the frame, of the right type. */
export function isMetadata(parsed: Parsed): boolean {
  return (
    counts.every((name) => isCount(parsed[name])) &&
    numbersOrNull.every((name) => parsed[name] === null || isNumber(parsed[name])) &&
    [parsed.capturedAtNs, parsed.receivedAtNs].every((ns) => typeof ns === "string" && /^-?\d{1,18}\d?$/.test(ns)) &&
    typeof parsed.crc32 === "string" &&
    /^[\da-f]{8}$/.test(parsed.crc32) &&
    isPlace(parsed.binning, isNumber) &&
    isPlace(parsed.roi, isNumber) &&
    isPlace(parsed.stageUm, (part) => part === null || isNumber(part)) &&
    (parsed.sourceFile === undefined || typeof parsed.sourceFile === "string")
  );
}

/** True when a parsed line has every member of an entry, of the right type. */
export function isEntry(line: Parsed): boolean {
  return (
    isMetadata(line) && isCount(line.bytes) && typeof line.file === "string" && typeof line.isVerified === "boolean"
  );
}
