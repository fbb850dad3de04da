/**
 * The fixed binary header of a frame message (docs/frame-stream.md, section 4): the same 152 bytes on the wire, in a
 * file and in a pool slot, so that metadata is never converted on its way. Little-endian.
 */

import { type EpochNs, epochNs } from "../time.js";
import { type PixelFormat, pixelFormats } from "./pixel-format.js";

export const frameHeaderBytes = 152;
/** Stands for "the device gave no number" in deviceFrameNumber. */
export const noDeviceFrameNumber = -1;

const twoTo32 = 4294967296;

/** How a number stands in the header, and which numbers that can be; undefined: any. */
const wires = {
  uint16: {
    read: (view: DataView, at: number) => view.getUint16(at, true),
    write: (view: DataView, at: number, value: number) => view.setUint16(at, value, true),
    range: [0, 0xffff],
  },
  uint32: {
    read: (view: DataView, at: number) => view.getUint32(at, true),
    write: (view: DataView, at: number, value: number) => view.setUint32(at, value, true),
    range: [0, 0xffff_ffff],
  },
  int32: {
    read: (view: DataView, at: number) => view.getInt32(at, true),
    write: (view: DataView, at: number, value: number) => view.setInt32(at, value, true),
    range: [-0x8000_0000, 0x7fff_ffff],
  },
  /** A number from 0 in 64 bits, or -1. */
  count64: {
    read: (view: DataView, at: number) => view.getInt32(at + 4, true) * twoTo32 + view.getUint32(at, true),
    write(view: DataView, at: number, value: number) {
      view.setUint32(at, value, true);
      view.setInt32(at + 4, Math.floor(value / twoTo32), true);
    },
    range: [-1, 2 ** 53 - 1],
  },
  float64: {
    read: (view: DataView, at: number) => view.getFloat64(at, true),
    write: (view: DataView, at: number, value: number) => view.setFloat64(at, value, true),
    range: undefined,
  },
} as const;

interface NumberField {
  /** Its name in every table of frames. */
  readonly name: string;
  /** Offset in the header, bytes. */
  readonly at: number;
  readonly wire: keyof typeof wires;
  /** What stands there when nothing is known. */
  readonly unknown: number;
  /** Null for a number without one. */
  readonly unit: string | null;
  readonly meaning: string;
}

function number(
  name: string,
  at: number,
  wire: NumberField["wire"],
  unknown: number,
  meaning: string,
  unit: string | null = null,
): NumberField {
  return { name, at, wire, unknown, unit, meaning };
}

/**
 * What a frame has of its own, one line a field, in the order of every table of frames: a new line is a column of every
 * archive, an attribute, a member of a description, and comes back from each of them. (A field's offset is of the wire.)
 */
const numberFields = {
  frameNumber: number("frame_number", 8, "count64", 0, "number in the stream, from 0; a lost frame leaves a gap"),
  deviceFrameNumber: number("device_frame_number", 16, "count64", noDeviceFrameNumber, "the camera's counter, or -1"),
  sourceIndex: number("source_index", 0, "uint32", 0, "which camera of the stream, from 0"),
  channelIndex: number("channel_index", 60, "uint32", 0, "channel, from 0"),
  zIndex: number("z_index", 64, "uint32", 0, "plane along the optical axis, from 0"),
  positionIndex: number("position_index", 68, "uint32", 0, "place of the stage, from 0"),
  exposureMs: number("exposure_ms", 72, "float64", Number.NaN, "exposure time", "ms"),
  temperatureC: number("temperature_c", 88, "float64", Number.NaN, "temperature of the sensor", "degC"),
  stageXUm: number("stage_x_um", 96, "float64", Number.NaN, "x of the stage", "um"),
  stageYUm: number("stage_y_um", 104, "float64", Number.NaN, "y of the stage", "um"),
  stageZUm: number("stage_z_um", 112, "float64", Number.NaN, "z of the stage, or the focus", "um"),
  roiX: number("roi_x", 80, "int32", 0, "left edge of the region of interest on the sensor", "px"),
  roiY: number("roi_y", 84, "int32", 0, "top edge of the region of interest on the sensor", "px"),
  binningX: number("binning_x", 54, "uint16", 1, "pixels of the sensor put together along a row"),
  binningY: number("binning_y", 56, "uint16", 1, "pixels of the sensor put together along a column"),
};

/** Nanoseconds since the Unix epoch, UTC; 0 when unknown. */
const timeFields = {
  capturedAtNs: { name: "captured_at_ns", at: 24, meaning: "start of exposure, since the Unix epoch; 0 when unknown" },
  receivedAtNs: { name: "received_at_ns", at: 32, meaning: "arrival of the whole frame, since the Unix epoch" },
};

type NumberKey = keyof typeof numberFields;
type TimeKey = keyof typeof timeFields;

/** A value that every frame has of its own. */
export interface FrameField {
  readonly name: string;
  readonly key: NumberKey | TimeKey;
  /** Of its values in a table: whole numbers as bigint, since nanoseconds need 64 bits. */
  readonly type: "int64" | "float64";
  readonly isTime: boolean;
  /** What stands there when nothing is known. */
  readonly unknown: number | bigint;
  /** Least and most of a whole number; undefined for others. */
  readonly range: readonly [least: number, most: number] | undefined;
  readonly unit: string | null;
  readonly meaning: string;
  get(header: FrameHeader): number | bigint;
  /** Takes a number or a bigint, whichever its file has; a time only as a bigint, since a number has lost its last digits. */
  set(header: FrameHeader, value: number | bigint): void;
}

const notZero = Object.values(numberFields).filter(({ unknown }) => unknown !== 0);

/** The fields are accessors of the prototype, made from the tables above. */
class HeaderBytes {
  /** All of it, as it is on the wire. */
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(buffer: ArrayBufferLike, byteOffset: number) {
    this.bytes = new Uint8Array(buffer, byteOffset, frameHeaderBytes);
    this.#view = new DataView(buffer, byteOffset, frameHeaderBytes);
  }

  /** Clears every field to "unknown" and sets the geometry of a tightly packed frame. */
  reset(format: PixelFormat, height: number, width: number, strideBytes: number, bitDepth: number): void {
    for (let at = 0; at < frameHeaderBytes; at += 8) this.#view.setFloat64(at, 0, true);
    this.pixelFormat = format;
    this.height = height;
    this.width = width;
    this.strideBytes = strideBytes;
    this.bitDepth = bitDepth;
    for (const { at, wire, unknown } of notZero) wires[wire].write(this.#view, at, unknown);
  }

  /** Copies all fields of another header. */
  copyFrom(other: HeaderBytes): void {
    for (let at = 0; at < frameHeaderBytes; at += 4) this.#view.setUint32(at, other.#view.getUint32(at, true), true);
  }

  /** Payload codec: 0 is raw pixels; no other is defined yet. */
  get codec(): number {
    return this.#view.getUint32(4, true);
  }
  /** Pixels a row. */
  get width(): number {
    return this.#view.getUint32(40, true);
  }
  set width(value: number) {
    this.#view.setUint32(40, value, true);
  }
  /** Rows. */
  get height(): number {
    return this.#view.getUint32(44, true);
  }
  set height(value: number) {
    this.#view.setUint32(44, value, true);
  }
  /** Bytes from one row to the next. */
  get strideBytes(): number {
    return this.#view.getUint32(48, true);
  }
  set strideBytes(value: number) {
    this.#view.setUint32(48, value, true);
  }
  get pixelFormat(): PixelFormat | undefined {
    return pixelFormats[this.#view.getUint8(52) - 1];
  }
  set pixelFormat(value: PixelFormat) {
    this.#view.setUint8(52, pixelFormats.indexOf(value) + 1);
  }
  /** Significant bits of a sample. */
  get bitDepth(): number {
    return this.#view.getUint8(53);
  }
  set bitDepth(value: number) {
    this.#view.setUint8(53, value);
  }

  static {
    for (const [key, { at, wire }] of Object.entries(numberFields)) {
      const { read, write } = wires[wire];
      Object.defineProperty(HeaderBytes.prototype, key, {
        get(this: HeaderBytes) {
          return read(this.#view, at);
        },
        set(this: HeaderBytes, value: number) {
          write(this.#view, at, value);
        },
      });
    }
    for (const [key, { at }] of Object.entries(timeFields)) {
      Object.defineProperty(HeaderBytes.prototype, key, {
        get(this: HeaderBytes) {
          return epochNs(this.#view.getBigInt64(at, true));
        },
        set(this: HeaderBytes, value: bigint) {
          this.#view.setBigInt64(at, value, true);
        },
      });
    }
  }
}

/** Reads and writes the fields of one frame header in place; allocates nothing but the bigint that a ns getter returns. */
export type FrameHeader = HeaderBytes &
  Record<NumberKey, number> & {
    get capturedAtNs(): EpochNs;
    set capturedAtNs(value: bigint);
    get receivedAtNs(): EpochNs;
    set receivedAtNs(value: bigint);
  };

/** Over the bytes of a header at `byteOffset`. */
export const FrameHeader = HeaderBytes as new (buffer: ArrayBufferLike, byteOffset: number) => FrameHeader;

function numberField(key: NumberKey): FrameField {
  const { name, wire, unknown, unit, meaning } = numberFields[key];
  const { range } = wires[wire];
  const isWhole = range !== undefined;
  return {
    ...{ name, key, isTime: false, unknown, range, unit, meaning },
    type: isWhole ? "int64" : "float64",
    get: isWhole ? (header) => BigInt(header[key]) : (header) => header[key],
    set: (header, value) => {
      header[key] = Number(value);
    },
  };
}

function timeField(key: TimeKey): FrameField {
  return {
    ...{ ...timeFields[key], key, type: "int64", isTime: true, unknown: 0n, range: undefined, unit: "ns" },
    get: (header) => header[key],
    set: (header, value) => {
      if (typeof value === "bigint") header[key] = value;
    },
  };
}

const [numbered, counted, ...others] = Object.keys(numberFields) as [NumberKey, NumberKey, ...NumberKey[]];

/** What every frame has of its own, in the order of every table of frames. */
export const frameFields: readonly FrameField[] = [
  numberField(numbered),
  numberField(counted),
  ...(Object.keys(timeFields) as TimeKey[]).map(timeField),
  ...others.map(numberField),
];
