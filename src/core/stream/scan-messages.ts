/**
 * The messages of a recording that may be damaged or cut (docs/frame-stream.md, section 3), by their offsets: what is whole,
 * what does not match its checksum, what is no message at all. Nothing a file claims is believed before its checksum is.
 */
import { crc32 } from "node:zlib";
import type { ByteSource } from "../imaging/byte-source.js";
import { flagPayloadChecksum, maxHeaderBytes, type Prefix, prefixBytes, prefixMagic } from "./message.js";
import { type HeadFault, MessageHead } from "./message-head.js";

/** A message whose prefix and header match their checksum. */
export interface FoundMessage {
  readonly found: "message";
  readonly at: number;
  readonly prefix: Readonly<Prefix>;
  /** Borrowed, as the payload is: valid until the next message. */
  readonly header: Uint8Array;
  readonly payloadAt: number;
  readonly nextAt: number;
  /** Present when it was read. */
  readonly payload: Uint8Array | undefined;
  /** "bad" when it does not match its checksum; "unread" when it was skipped; "unsummed" when it has none. */
  readonly payloadState: "good" | "bad" | "unread" | "unsummed";
}

/** Bytes that are no message, up to the next one or to the end. */
export interface FoundDamage {
  readonly found: "damage";
  readonly at: number;
  readonly nextAt: number;
  readonly why: string;
}

/** The file ends inside a message, or goes on with zeros that were never written. */
export interface FoundCut {
  readonly found: "cut";
  readonly at: number;
  readonly nextAt: number;
  /** Bytes of zeros from `at` to the end; 0 when the file ends inside a message. */
  readonly zeros: number;
  /** Kind of the message that was cut; undefined when that much is not there. */
  readonly kind: number | undefined;
}

export type Found = FoundMessage | FoundDamage | FoundCut;

export interface ScanOptions {
  readonly from: number;
  /** Where messages end: the file's length, or the footer's offset. */
  readonly to: number;
  /** Which payloads to read and check; all when absent. */
  shouldRead?(prefix: Readonly<Prefix>): boolean;
}

const searchBytes = 1 << 20;
const magic = Buffer.alloc(4);
magic.writeUInt32LE(prefixMagic);

/** Everything between `from` and `to`, in order and without gaps. */
export function* scanMessages(source: ByteSource, options: ScanOptions): Generator<Found> {
  const { to } = options;
  const head = new MessageHead();
  const { prefix } = head;
  let payloadRoom = new Uint8Array(0);

  /** What is wrong with the head at `at`, as a clause, or undefined; fills `head`. */
  function headFault(at: number): string | undefined {
    const fault = head.readAt(source, at, to);
    if (fault !== undefined) return fault === "cut" && to - at >= prefixBytes ? "ends inside its header" : why[fault]();
    return head.isClean ? undefined : "has bytes in its head that should be 0";
  }

  const why: Readonly<Record<HeadFault, () => string>> = {
    "no message": () => "holds no message",
    cut: () => "holds no message",
    "its header is too long": () => `claims a header of ${prefix.headerBytes} bytes`,
    "the checksum does not match": () => "does not match the checksum of its head",
  };

  /** Whether nothing but zeros follows: a length that reached the disk before the bytes did. */
  function isZeroFrom(at: number): boolean {
    const piece = Buffer.alloc(Math.min(searchBytes, to - at));
    for (let from = at; from < to; from += piece.length) {
      const part = piece.subarray(0, Math.min(piece.length, to - from));
      source.readInto(part, from);
      if (part.some((byte) => byte !== 0)) return false;
    }
    return true;
  }

  /** Offset of the next head whose checksum is right, behind `at`; `to` when there is none. */
  function nextHead(at: number): number {
    const piece = Buffer.alloc(Math.min(searchBytes, Math.max(0, to - at)));
    for (let from = at + 1; from + prefixBytes <= to; ) {
      const part = piece.subarray(0, Math.min(piece.length, to - from));
      source.readInto(part, from);
      for (let hit = part.indexOf(magic); hit >= 0; hit = part.indexOf(magic, hit + 1)) {
        if (headFault(from + hit) === undefined && from + hit + prefixBytes + prefix.headerBytes <= to)
          return from + hit;
      }
      from += Math.max(1, part.length - magic.length + 1);
    }
    return to;
  }

  function cutAt(at: number): FoundCut | undefined {
    const there = to - at;
    const begin = Buffer.alloc(Math.min(there, prefixBytes));
    source.readInto(begin, at);
    const isMagic = begin.subarray(0, 4).equals(magic.subarray(0, Math.min(4, there)));
    const kind = there > 4 ? begin[4] : undefined;
    if (isMagic && there < prefixBytes) return { found: "cut", at, nextAt: to, zeros: 0, kind };
    if (isMagic && prefix.headerBytes <= maxHeaderBytes && at + prefixBytes + prefix.headerBytes > to) {
      return { found: "cut", at, nextAt: to, zeros: 0, kind };
    }
    if (isZeroFrom(at)) {
      return { found: "cut", at, nextAt: to, zeros: there, kind: undefined };
    }
    return undefined;
  }

  for (let at = options.from; at < to; ) {
    const fault = headFault(at);
    if (fault === undefined) {
      const payloadAt = at + prefixBytes + prefix.headerBytes;
      const nextAt = payloadAt + prefix.payloadBytes;
      if (nextAt > to) {
        yield { found: "cut", at, nextAt: to, zeros: 0, kind: prefix.kind };
        return;
      }
      const { header } = head;
      let payload: Uint8Array | undefined;
      let payloadState: FoundMessage["payloadState"] = "unread";
      if (options.shouldRead?.(prefix) ?? true) {
        if (payloadRoom.length < prefix.payloadBytes) payloadRoom = new Uint8Array(prefix.payloadBytes);
        payload = payloadRoom.subarray(0, prefix.payloadBytes);
        source.readInto(payload, payloadAt);
        if (!(prefix.flags & flagPayloadChecksum)) payloadState = "unsummed";
        else payloadState = crc32(payload) === prefix.payloadChecksum ? "good" : "bad";
      }
      yield { found: "message", at, prefix, header, payloadAt, nextAt, payload, payloadState };
      at = nextAt;
      continue;
    }
    const cut = cutAt(at);
    if (cut) {
      yield cut;
      return;
    }
    const nextAt = nextHead(at);
    yield { found: "damage", at, nextAt, why: fault };
    at = nextAt;
  }
}
