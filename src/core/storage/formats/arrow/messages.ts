/**
 * The messages of a file or a stream of Arrow, one after the other up to where they end or stop being whole. A file is read as
 * the stream that is in it: its footer is only there once it was closed.
 */
import type { Message, Schema } from "apache-arrow";
import { FormatProblem } from "../../../format-problem.js";
import type { ByteSource } from "../../../imaging/byte-source.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { parseJson } from "../../../model/json.js";
import { decodeDescriptor } from "../../../stream/check-descriptor.js";
import { requireBoundedHead } from "./head-bounds.js";
import type { Arrow } from "./library.js";
import { noteKeys } from "./schema.js";
import { isSealed, sealKeys } from "./seal.js";

/** Where a message's head and its values lie. */
export interface FoundBatch {
  readonly at: number;
  readonly bodyAt: number;
  readonly nextAt: number;
  readonly rows: number;
  /** What each buffer of the columns has, bytes from `bodyAt`. */
  readonly buffers: readonly { readonly offset: number; readonly length: number }[];
  readonly isCompressed: boolean;
  readonly notes: ReadonlyMap<string, string>;
}

export interface ArrowContent {
  readonly schema: Schema;
  readonly schemaAt: number;
  readonly schemaEnd: number;
  /** What Mote wrote of the stream; undefined of other programs' files. */
  readonly descriptor: StreamDescriptor | undefined;
  readonly batches: readonly FoundBatch[];
  /** "end": the mark of the end is there; "cut": the bytes end before; or what is wrong, as a clause, and where. */
  readonly ending: "end" | "cut" | { readonly fault: string; readonly byte: number };
}

const fileMagic = Buffer.from("ARROW1");
const mostHeadBytes = 1 << 20;
const continuation = 0xffff_ffff;

/** Reads the heads of all messages. Throws a FormatProblem where not even the schema is there. */
export function readContent(arrow: Arrow, source: ByteSource): ArrowContent {
  const begin = new Uint8Array(Math.min(8, source.sizeBytes));
  source.readInto(begin, 0);
  const schemaAt = fileMagic.every((byte, i) => begin[i] === byte) ? 8 : 0;
  const first = messageAt(arrow, source, schemaAt);
  if (first === "end" || first === "cut" || "fault" in first || !first.message.isSchema()) {
    if (first === "cut") throw new FormatProblem("file-cut", "ends before its schema", source.sizeBytes);
    throw new FormatProblem("wrong-format", "expected the schema of an Arrow table", schemaAt);
  }
  const schema = first.message.header() as unknown as Schema;
  const batches: FoundBatch[] = [];
  for (let at = first.nextAt; ; ) {
    const found = messageAt(arrow, source, at);
    if (typeof found === "string" || "fault" in found) {
      const content = { schema, schemaAt, schemaEnd: first.nextAt, descriptor: descriptorIn(schema), batches };
      return { ...content, ending: found };
    }
    const { message, bodyAt, nextAt } = found;
    if (message.isRecordBatch()) {
      const { length, buffers, compression } = message.header();
      batches.push({
        ...{ at, bodyAt, nextAt, rows: Number(length), isCompressed: compression != null, notes: message.metadata },
        buffers: buffers.map(({ offset, length: bytes }) => ({ offset: Number(offset), length: Number(bytes) })),
      });
    } else if (message.isDictionaryBatch()) {
      throw new FormatProblem("unsupported", "has a column with a dictionary, which is not read", at);
    }
    at = nextAt;
  }
}

type Found =
  | { readonly message: Message; readonly bodyAt: number; readonly nextAt: number }
  | { readonly fault: string; readonly byte: number };

function messageAt(arrow: Arrow, source: ByteSource, at: number): Found | "end" | "cut" {
  if (at + 8 > source.sizeBytes) return "cut";
  const head = new DataView(new ArrayBuffer(8));
  source.readInto(new Uint8Array(head.buffer), at);
  const headBytes = head.getInt32(4, true);
  if (head.getUint32(0, true) !== continuation) return { fault: "holds no message", byte: at };
  if (headBytes === 0) return "end";
  if (headBytes < 0 || headBytes > mostHeadBytes) return { fault: `claims a head of ${headBytes} bytes`, byte: at };
  const bodyAt = at + 8 + headBytes;
  if (bodyAt > source.sizeBytes) return "cut";
  const bytes = new Uint8Array(headBytes);
  source.readInto(bytes, at + 8);
  let message: Message;
  try {
    requireBoundedHead(bytes);
    message = arrow.Message.decode(bytes);
    // Decoded when it is asked for.
    message.header();
  } catch {
    return { fault: "has a head that cannot be decoded", byte: at };
  }
  const bodyBytes = Number(message.bodyLength);
  if (!Number.isSafeInteger(bodyBytes) || bodyBytes < 0) return { fault: "claims an impossible length", byte: at };
  return bodyAt + bodyBytes > source.sizeBytes ? "cut" : { message, bodyAt, nextAt: bodyAt + bodyBytes };
}

function descriptorIn(schema: Schema): StreamDescriptor | undefined {
  const text = schema.metadata.get(noteKeys.descriptor);
  if (text === undefined) return undefined;
  const descriptor = decodeDescriptor(noteOf(text));
  if (typeof descriptor === "string") throw new FormatProblem("file-damaged", `the descriptor ${descriptor}`);
  return descriptor;
}

/** A note's JSON; undefined where it is none. */
export function noteOf(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : parseJson(text);
  } catch {
    return undefined;
  }
}

/** The bytes of a value buffer of a batch; throws a FormatProblem where it is not in it or not so long. */
export function bufferPlace(batch: FoundBatch, index: number, bytes: number): number {
  const { offset, length } = batch.buffers[index] ?? { offset: -1, length: 0 };
  const isInside = offset >= 0 && length >= bytes && batch.bodyAt + offset + bytes <= batch.nextAt;
  if (!isInside) throw new FormatProblem("file-damaged", "a column is not where its batch says", batch.at);
  return batch.bodyAt + offset;
}

/** The values of plain numbers of a column, `size` bytes each; `column` counts those that have two buffers. */
export function readValues(source: ByteSource, batch: FoundBatch, column: number, size: number): Uint8Array {
  const bytes = new Uint8Array(batch.rows * size);
  source.readInto(bytes, bufferPlace(batch, 2 * column + 1, bytes.length));
  return bytes;
}

/** Which of its own bytes a message has a checksum of; undefined where it states none. */
export function sealOf(notes: ReadonlyMap<string, string>): keyof typeof sealKeys | undefined {
  return notes.has(sealKeys.batch) ? "batch" : notes.has(sealKeys.head) ? "head" : undefined;
}

/** Whether a batch is as it was written, as far as its checksum goes; one without is not. */
export function isAsWritten(source: ByteSource, { at, bodyAt, nextAt, notes }: FoundBatch): boolean {
  const sealed = sealOf(notes);
  if (sealed === undefined) return false;
  const rest = sealed === "batch" ? piecesOf(source, bodyAt, nextAt) : [];
  return isSealed(bytesAt(source, at + 8, bodyAt), rest);
}

export function bytesAt(source: ByteSource, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from);
  source.readInto(bytes, from);
  return bytes;
}

/** Borrowed: each is good until the next is asked for. */
function* piecesOf(source: ByteSource, from: number, to: number): Generator<Uint8Array> {
  const piece = new Uint8Array(Math.min(to - from, 1 << 20));
  for (let at = from; at < to; at += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, to - at));
    source.readInto(part, at);
    yield part;
  }
}
