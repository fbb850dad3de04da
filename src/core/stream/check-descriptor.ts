/** Judges a descriptor that came from outside before anything is sized by it. */
import type { StreamDescriptor } from "../model/descriptor.js";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.js";
import { bytesPerPixel, type PixelFormat, pixelFormats } from "../model/pixel-format.js";
import { isWholeNumber } from "../model/range.js";

/** Rows or pixels a row at most; a frame at most 1 GiB. */
const maxEdgePixels = 65_536;
const maxFrameBytes = 2 ** 30;
/** Stages that a stream went through, at most. */
const maxSteps = 1000;
/** Columns of its detections, at most. */
const maxColumns = 100;

type Check = (value: JsonValue, descriptor: JsonObject) => string | undefined;

/** A clause about a value that is none of what was expected. */
function unless(isRight: (value: JsonValue) => boolean, expected: string): Check {
  return (value) => (isRight(value) ? undefined : `${told(value)}, expected ${expected}`);
}

function told(value: JsonValue | undefined): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

const isWhole = (least: number, most: number) => (value: JsonValue) => isWholeNumber(value, least, most);
const orNull = (isRight: (value: JsonValue) => boolean) => (value: JsonValue) => value === null || isRight(value);
const isAbove0 = (value: JsonValue) => typeof value === "number" && Number.isFinite(value) && value > 0;
const isFlag = (value: JsonValue) => typeof value === "boolean";

function shapeFault(value: JsonValue, { pixelFormat }: JsonObject): string | undefined {
  const expected = `expected a height and a width of 1 to ${maxEdgePixels} pixels`;
  const isEdge = isWhole(1, maxEdgePixels);
  if (!isJsonObject(value) || !isEdge(value.height ?? null) || !isEdge(value.width ?? null)) {
    return `${told(value)}, ${expected}`;
  }
  // Judged before: its key comes first.
  const pixelBytes = bytesPerPixel[pixelFormat as PixelFormat];
  const bytes = (value.height as number) * (value.width as number) * pixelBytes;
  return bytes > maxFrameBytes ? `${told(value)}, frames over 1 GiB` : undefined;
}

function detectionsFault(value: JsonValue, { shape }: JsonObject): string | undefined {
  if (value === null) return undefined;
  const columns = isJsonObject(value) ? value.columns : undefined;
  const isNames = Array.isArray(columns) && columns.every((name) => typeof name === "string");
  if (!isNames || columns.length > maxColumns || new Set(columns).size < columns.length) {
    return `${told(value)}, expected columns of different names`;
  }
  const { mostRows } = value as JsonObject;
  const { height, width } = shape as { height: number; width: number };
  // No two particles are in one pixel.
  if (mostRows === undefined || isWhole(0, height * width)(mostRows)) return undefined;
  return `${told(mostRows)} rows a frame, expected at most ${height * width}`;
}

function isRecordedLoss(value: JsonValue): boolean {
  if (!isJsonObject(value)) return false;
  const { isCut, isComplete, lost = null, reasons } = value;
  const isTexts =
    Array.isArray(reasons) && reasons.length <= maxSteps && reasons.every((text) => typeof text === "string");
  return isTexts && isFlag(isCut ?? null) && isFlag(isComplete ?? null) && orNull(isWhole(0, 2 ** 53))(lost);
}

function stepsFault(value: JsonValue): string | undefined {
  if (!Array.isArray(value) || value.length > maxSteps) return `${told(value)}, expected a list of stages`;
  const wrong = value.find(
    (step) =>
      !isJsonObject(step) ||
      typeof step.stage !== "string" ||
      typeof step.version !== "string" ||
      !isJsonObject(step.options),
  );
  return wrong === undefined ? undefined : `${told(wrong)}, expected stage, version and options`;
}

/** What is wrong with the value of a key, and the value of a stream that leaves it out, where it may. */
interface KeyCheck<Value> {
  readonly fault: Check;
  readonly absent?: Value;
  readonly isOptional?: true;
}

const checks: { readonly [Key in keyof StreamDescriptor]-?: KeyCheck<StreamDescriptor[Key]> } = {
  pixelFormat: { fault: unless((value) => pixelFormats.includes(value as never), pixelFormats.join(", ")) },
  shape: { fault: shapeFault },
  bitDepth: { fault: unless(isWhole(1, 32), "1 to 32 bits") },
  hasFrames: { fault: unless(isFlag, "true or false") },
  detections: { fault: detectionsFault },
  isLinked: { fault: unless(isFlag, "true or false"), absent: false },
  pixelSizeUm: { fault: unless(orNull(isAbove0), "micrometres or null"), absent: null },
  rateHz: { fault: unless(orNull(isAbove0), "frames a second or null"), absent: null },
  frameCount: {
    fault: unless(orNull(isWhole(0, Number.MAX_SAFE_INTEGER)), "a number of frames or null"),
    absent: null,
  },
  isLive: { fault: unless(isFlag, "true or false"), absent: false },
  source: { fault: unless(isJsonObject, "an object"), absent: {} },
  calibration: { fault: unless(orNull(isJsonObject), "an object or null"), absent: null },
  producedBy: { fault: stepsFault },
  numberStep: { fault: unless(isWhole(1, Number.MAX_SAFE_INTEGER), "1 or more"), isOptional: true },
  recordedLoss: { fault: unless(isRecordedLoss, "what the recording says it lost"), isOptional: true },
};

/**
 * The descriptor in a parsed value, with what older streams leave out filled in; or the clause that says what is wrong with
 * it ("has the bitDepth 99, expected ...").
 */
export function decodeDescriptor(value: unknown): StreamDescriptor | string {
  if (!isJsonObject(value)) return "is no JSON object";
  const decoded: Record<string, JsonValue> = { ...value };
  for (const [key, { fault, absent, isOptional }] of Object.entries<KeyCheck<unknown>>(checks)) {
    if (isOptional && !Object.hasOwn(value, key)) continue;
    const given = Object.hasOwn(value, key) ? value[key]! : absent;
    if (given === undefined) return `has no ${key}`;
    const clause = fault(given as JsonValue, value);
    if (clause !== undefined) return `has the ${key} ${clause}`;
    decoded[key] = given as JsonValue;
  }
  return decoded as unknown as StreamDescriptor;
}

/** What is wrong with it ("has no pixelFormat"), or undefined. */
export function descriptorFault(value: unknown): string | undefined {
  const decoded = decodeDescriptor(value);
  return typeof decoded === "string" ? decoded : undefined;
}
