/**
 * A line of the journal beside compressed frames: what a file of pixels cannot say of its frame. NDJSON, one object a
 * line: `{"journal":1,…}` when a run starts, `{"frame":…}` a file, `{"quarantined":…}` a frame that could not be stored,
 * `{"event":…}` a gap or drop, `{"end":…}` when a run ended in order. Nanoseconds are text: they exceed 2^53.
 */
import type { StreamDescriptor } from "../../../model/descriptor.js";
import {
  type FrameField,
  FrameHeader,
  frameFields,
  frameHeaderBytes,
  noDeviceFrameNumber,
} from "../../../model/frame-header.js";
import { bytesPerPixel } from "../../../model/pixel-format.js";

/** What is read of an entry by its name; the other fields of the frame's header stand beside it (`places`). */
export interface JournalEntry {
  readonly frame: number;
  readonly file: string;
  /** Size of the file. */
  readonly bytes: number;
  /** CRC-32 of the file, so that a bit of it that no pixel depends on is seen, too; absent in journals of an older Mote. */
  readonly fileCrc32?: string;
  /** Size of the pixels. */
  readonly rawBytes: number;
  /** CRC-32 of the pixels, tightly packed, little-endian; eight hexadecimal digits. */
  readonly crc32: string;
  /** True when the codestream was decoded again and compared. */
  readonly isVerified: boolean;
  /** Significant bits of a sample. */
  readonly bitDepth: number;
  /** Nanoseconds since the Unix epoch; "0" when unknown. */
  readonly capturedAtNs: string;
  readonly receivedAtNs: string;
  readonly channel: number;
  readonly z: number;
  readonly position: number;
  /** The file the frame was replayed from; absent for a camera's. */
  readonly sourceFile?: string;
}

type Place = readonly [member: string, part?: string];
type Parsed = Readonly<Record<string, unknown>>;

/** Where each field stands in an entry, as journals have always had it: a member, or a member of one. */
const places: Readonly<Partial<Record<FrameField["key"], Place>>> = {
  deviceFrameNumber: ["device"],
  capturedAtNs: ["capturedAtNs"],
  receivedAtNs: ["receivedAtNs"],
  sourceIndex: ["source"],
  channelIndex: ["channel"],
  zIndex: ["z"],
  positionIndex: ["position"],
  exposureMs: ["exposureMs"],
  temperatureC: ["temperatureC"],
  binningX: ["binning", "x"],
  binningY: ["binning", "y"],
  roiX: ["roi", "x"],
  roiY: ["roi", "y"],
  stageXUm: ["stageUm", "x"],
  stageYUm: ["stageUm", "y"],
  stageZUm: ["stageUm", "z"],
};

/** All but the number, which is `frame`. Those that journals have not always had stand under their own name, if they do. */
const fields = frameFields
  .filter(({ key }) => key !== "frameNumber")
  .map((field) => ({ field, place: places[field.key] ?? [field.key], isRequired: field.key in places }));

/** A value as JSON has it: times as text, null for what is unknown and can be. */
function jsonOf({ key, isTime, unknown }: FrameField, header: FrameHeader): string | number | null {
  const value = header[key];
  if (isTime) return String(value);
  const isUnknown = !Number.isFinite(value) || (value === unknown && value === noDeviceFrameNumber);
  return isUnknown ? null : Number(value);
}

export function entryOf(
  header: FrameHeader,
  own: Pick<JournalEntry, "file" | "bytes" | "fileCrc32" | "rawBytes" | "crc32" | "isVerified" | "sourceFile">,
): JournalEntry {
  const entry: Record<string, unknown> = { frame: header.frameNumber, ...own, bitDepth: header.bitDepth };
  for (const { field, place } of fields) {
    const [member, part] = place;
    const value = jsonOf(field, header);
    entry[member] = part === undefined ? value : { ...(entry[member] as object | undefined), [part]: value };
  }
  return entry as unknown as JournalEntry;
}

/** The header a frame had when it was stored. */
export function headerOf(
  entry: Omit<JournalEntry, "file" | "bytes" | "fileCrc32" | "isVerified">,
  { pixelFormat, shape }: Pick<StreamDescriptor, "pixelFormat" | "shape">,
): FrameHeader {
  const header = new FrameHeader(new ArrayBuffer(frameHeaderBytes), 0);
  header.reset(pixelFormat, shape.height, shape.width, shape.width * bytesPerPixel[pixelFormat], entry.bitDepth);
  header.frameNumber = entry.frame;
  for (const { field, place } of fields) {
    const value = valueAt(entry as unknown as Parsed, place);
    if (field.isTime && typeof value === "string") field.set(header, BigInt(value));
    else if (typeof value === "number") field.set(header, value);
  }
  return header;
}

function valueAt(entry: Parsed, [member, part]: Place): unknown {
  const value = entry[member];
  return part === undefined ? value : (value as Parsed | null | undefined)?.[part];
}

/** Whether an entry has the field, in a form that `headerOf` takes. */
function isField(entry: Parsed, field: FrameField, place: Place, isRequired: boolean): boolean {
  const value = valueAt(entry, place);
  if (value === undefined) return !isRequired;
  if (field.isTime) return typeof value === "string" && /^-?\d{1,18}\d?$/.test(value);
  if (value === null) return field.type === "float64" || field.unknown === noDeviceFrameNumber;
  if (typeof value !== "number") return false;
  return field.range?.[0] !== 0 || place.length > 1 || isCount(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** True when a parsed object has every member that speaks of the frame, of the right type. */
export function isMetadata(parsed: Parsed): boolean {
  return (
    ["frame", "rawBytes", "bitDepth"].every((name) => isCount(parsed[name])) &&
    fields.every(({ field, place, isRequired }) => isField(parsed, field, place, isRequired)) &&
    isChecksum(parsed.crc32) &&
    (parsed.sourceFile === undefined || typeof parsed.sourceFile === "string")
  );
}

function isChecksum(value: unknown): boolean {
  return typeof value === "string" && /^[\da-f]{8}$/.test(value);
}

/** True when a parsed line has every member of an entry, of the right type. */
export function isEntry(line: Parsed): boolean {
  return (
    isMetadata(line) &&
    isCount(line.bytes) &&
    (line.fileCrc32 === undefined || isChecksum(line.fileCrc32)) &&
    typeof line.file === "string" &&
    typeof line.isVerified === "boolean"
  );
}
