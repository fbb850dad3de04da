/** A `.mote` recording, message by message: every checksum, the sequence, the index, and the totals of its end (docs/frame-stream.md). */
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { endFault } from "../../../model/end-check.js";
import type { StreamEvent } from "../../../model/event.js";
import { eventFault } from "../../../model/event-check.js";
import { FrameHeader, frameHeaderBytes } from "../../../model/frame-header.js";
import { parseJson } from "../../../model/json.js";
import { bytesPerPixel } from "../../../model/pixel-format.js";
import { lossOfEnd } from "../../../model/recorded-loss.js";
import type { EndOfStream } from "../../../model/run-report.js";
import { decodeDescriptor } from "../../../stream/check-descriptor.js";
import {
  decodeDetectionsHeader,
  detectionsHeaderBytes,
  footerBytes,
  footerMagic,
  messageKind,
  preamble,
  preambleFault,
} from "../../../stream/message.js";
import { type FoundCut, type FoundDamage, type FoundMessage, scanMessages } from "../../../stream/scan-messages.js";
import { formatCount } from "../../../units.js";
import { type FileSource, openFileSource } from "../../read/file-source.js";
import { noteUnfinished } from "../../verify/lost-frames.js";
import { sampled, sampleStep, type Verification, type Verify } from "../../verify/verification.js";
import { IndexCheck } from "./verify-index.js";

export const verifyMote: Verify = async (path, report, options) => {
  const source = openFileSource(path);
  try {
    report.bytes = source.sizeBytes;
    const step = options.sample === null ? 1 : sampleStep(estimatedFrames(source), options);
    await new RecordingCheck(source, report, step).run();
  } finally {
    source.close();
  }
};

/** Frames the file has room for, by the length of the first message with pixels; for a sample that is enough. */
function estimatedFrames(source: FileSource): number {
  const messages = scanMessages(source, { from: preamble.length, to: source.sizeBytes, shouldRead: () => false });
  for (const message of messages) {
    if (message.found !== "message") break;
    const { kind } = message.prefix;
    if (kind === messageKind.frame || kind === messageKind.detections) {
      return Math.floor(source.sizeBytes / (message.nextAt - message.at));
    }
  }
  return 1;
}

const messageWords: Readonly<Record<number, string>> = {
  [messageKind.descriptor]: "the descriptor",
  [messageKind.frame]: "a frame",
  [messageKind.detections]: "a frame's detections",
  [messageKind.event]: "an event",
  [messageKind.end]: "the end message",
  [messageKind.index]: "a piece of the index",
};

/** What a message is called in a sentence. */
function messageWord(kind: number | undefined): string {
  return messageWords[kind ?? 0] ?? "a message";
}

class RecordingCheck {
  readonly #source: FileSource;
  readonly #report: Verification;
  readonly #step: number;
  readonly #index = new IndexCheck();
  #descriptor: StreamDescriptor | undefined;
  #end: EndOfStream | undefined;
  #isEndSeen = false;
  #messages = 0;
  #skipped = 0;
  #unsummed = 0;
  #unknown = 0;
  #withoutDetections = 0;
  #withoutPixels = 0;
  /** Sequence number of the message to come. */
  #next = 0;
  #frames = 0;
  #goodFrames = 0;
  #rows = 0;
  #lastFrame = -1;
  #isCut = false;
  /** Damage whose extent is known once the next message says how many were lost. */
  #pending: FoundDamage | undefined;
  /** Whether the frame before is to be followed by its detections. */
  #awaitsDetections = false;
  readonly #dropped = new Map<string, number>();

  constructor(source: FileSource, report: Verification, step: number) {
    this.#source = source;
    this.#report = report;
    this.#step = step;
  }

  async run(): Promise<void> {
    const { sizeBytes } = this.#source;
    if (!this.#checkPreamble()) return;
    const footer = this.#readFooter();
    const to = footer === undefined ? sizeBytes : sizeBytes - footerBytes;
    let frames = 0;
    const shouldRead = ({ kind }: { kind: number }) => kind !== messageKind.frame || frames++ % this.#step === 0;
    for (const found of scanMessages(this.#source, { from: preamble.length, to, shouldRead })) {
      if (found.found === "message") this.#message(found);
      else if (found.found === "damage") this.#damage(found);
      else this.#cut(found);
      await this.#report.progress(found.nextAt, sizeBytes);
    }
    this.#settlePending(undefined);
    this.#finish(footer);
  }

  #checkPreamble(): boolean {
    const { sizeBytes } = this.#source;
    const head = new Uint8Array(Math.min(preamble.length, sizeBytes));
    this.#source.readInto(head, 0);
    if (head.some((byte, i) => byte !== preamble[i])) {
      const fault = head.length === preamble.length ? preambleFault(head)?.what : undefined;
      const minor = "the preamble is not that of version 1.0: it is damaged, or a newer Mote wrote the file";
      this.#report.damaged("structure", fault ?? minor, { byte: head.findIndex((byte, i) => byte !== preamble[i]) });
    }
    if (sizeBytes >= preamble.length) return true;
    const what = sizeBytes === 0 ? "the file is empty" : `the file ends after ${sizeBytes} bytes, inside its preamble`;
    this.#report.missing("completeness", what, { byte: sizeBytes });
    this.#report.frames = 0;
    return false;
  }

  /** Offset of the last piece of the index; undefined when there is no footer. */
  #readFooter(): number | undefined {
    const { sizeBytes } = this.#source;
    if (sizeBytes < preamble.length + footerBytes) return undefined;
    const footer = new Uint8Array(footerBytes);
    this.#source.readInto(footer, sizeBytes - footerBytes);
    if (!footerMagic.every((byte, i) => footer[8 + i] === byte)) return undefined;
    return Number(new DataView(footer.buffer).getBigUint64(0, true));
  }

  #damage(damage: FoundDamage): void {
    this.#settlePending(undefined);
    this.#pending = damage;
  }

  /** Tells damage once the next message's number shows how much was lost with it. */
  #settlePending(sequence: number | undefined): void {
    const damage = this.#pending;
    if (!damage) return;
    this.#pending = undefined;
    const length = damage.nextAt - damage.at;
    const isLast = damage.nextAt >= this.#source.sizeBytes;
    if (isLast && this.#isEndSeen && length <= footerBytes) {
      if (length < footerBytes) {
        this.#report.missing("completeness", "the file ends inside its footer", { byte: damage.at });
        this.#isCut = true;
      } else this.#report.damaged("structure", "the footer is damaged", { byte: damage.at });
      return;
    }
    const lost = sequence === undefined ? 0 : sequence - this.#next;
    if (sequence !== undefined && sequence > this.#next) this.#next = sequence;
    const count = lost > 0 ? `, ${formatCount(lost, "message")} lost` : "";
    const what = `${this.#placeWord()}: ${formatCount(length, "byte")} that are no whole message (the first ${damage.why})${count}`;
    this.#report.damaged("checksums", what, { byte: damage.at });
    this.#awaitsDetections = false;
    this.#index.doubt();
  }

  #placeWord(): string {
    return this.#lastFrame < 0 ? "before the first frame" : `after frame ${this.#lastFrame.toLocaleString("en-US")}`;
  }

  #cut(cut: FoundCut): void {
    this.#settlePending(undefined);
    this.#isCut = true;
    const zeros = `what follows holds ${cut.zeros} zeros that were never written`;
    const inside = cut.zeros > 0 ? zeros : `the file ends inside ${messageWord(cut.kind)}`;
    this.#report.missing("completeness", `cut ${this.#placeWord()}: ${inside}`, { byte: cut.at });
  }

  #message(message: FoundMessage): void {
    const { prefix, at } = message;
    this.#settlePending(prefix.sequence);
    this.#messages++;
    if (prefix.sequence !== this.#next) {
      const what = `${this.#placeWord()}: expected message ${this.#next}, got ${prefix.sequence}`;
      this.#report.damaged("structure", what, { byte: at });
    }
    this.#next = prefix.sequence + 1;
    if (this.#isEndSeen && prefix.kind !== messageKind.index) {
      this.#report.damaged("structure", `${messageWord(prefix.kind)} behind the end message`, { byte: at });
    }
    const isGood = this.#checkPayload(message);
    const { kind } = prefix;
    if (kind === messageKind.descriptor) this.#takeDescriptor(message, isGood);
    else if (kind === messageKind.frame) this.#takeFrame(message, isGood);
    else if (kind === messageKind.detections) this.#takeDetections(message, isGood);
    else if (kind === messageKind.event) this.#takeEvent(message, isGood);
    else if (kind === messageKind.end) {
      this.#isEndSeen = true;
      this.#end = this.#believed<EndOfStream>(message, isGood, endFault);
    } else if (kind === messageKind.index) {
      const fault = isGood ? this.#index.takePiece(message) : this.#index.doubt();
      if (fault) this.#report.damaged("structure", fault, { byte: at });
    } else this.#unknown++;
  }

  #takeEvent(message: FoundMessage, isGood: boolean): void {
    const event = this.#believed<StreamEvent>(message, isGood, eventFault);
    // What the recording that was replayed had lost was never among the frames that this run counted.
    if (event?.event !== "drop" || event.isRecorded) return;
    this.#dropped.set(event.stage, (this.#dropped.get(event.stage) ?? 0) + event.count);
  }

  #checkPayload(message: FoundMessage): boolean {
    const { payloadState: state, prefix } = message;
    if (state === "unsummed") this.#unsummed++;
    else if (state === "unread") this.#skipped++;
    if (state !== "bad") return true;
    if (prefix.kind === messageKind.frame || prefix.kind === messageKind.detections) return false;
    const what = `${this.#placeWord()}: ${messageWord(prefix.kind)} does not match its checksum`;
    this.#report.damaged("checksums", what, { byte: message.payloadAt });
    return false;
  }

  /** What a message of JSON says, unless it says the impossible. */
  #believed<Value>(
    message: FoundMessage,
    isGood: boolean,
    faultOf: (value: unknown) => string | undefined,
  ): Value | undefined {
    const value = this.#json(message, isGood);
    const fault = value === undefined ? undefined : faultOf(value);
    if (fault === undefined) return value as Value | undefined;
    const what = `${this.#placeWord()}: ${messageWord(message.prefix.kind)} ${fault}`;
    this.#report.damaged("decoding", what, { byte: message.at });
    return undefined;
  }

  #json(message: FoundMessage, isGood: boolean): unknown {
    if (!isGood) return undefined;
    try {
      return parseJson(Buffer.from(message.payload!).toString("utf8"));
    } catch {
      this.#report.damaged("decoding", `${messageWord(message.prefix.kind)} is no JSON`, { byte: message.payloadAt });
      return undefined;
    }
  }

  #takeDescriptor(message: FoundMessage, isGood: boolean): void {
    if (this.#messages > 1) this.#report.damaged("structure", "a second descriptor", { byte: message.at });
    const value = this.#json(message, isGood);
    const decoded = value === undefined ? undefined : decodeDescriptor(value);
    if (typeof decoded !== "string") this.#descriptor ??= decoded;
    else this.#report.damaged("decoding", `the descriptor ${decoded}`, { byte: message.payloadAt });
  }

  #takeFrame({ at, header, prefix, payloadAt, payloadState }: FoundMessage, isGood: boolean): void {
    this.#checkAwaited();
    this.#frames++;
    const h = header.length < frameHeaderBytes ? undefined : new FrameHeader(header.buffer, header.byteOffset);
    const number = h?.frameNumber ?? this.#lastFrame + 1;
    const name = `frame ${number.toLocaleString("en-US")}`;
    if (!isGood) {
      this.#report.damaged("checksums", `${name}: its pixels do not match their checksum`, {
        frame: number,
        byte: payloadAt,
      });
    } else if (!h || !this.#isOfStream(h, prefix.payloadBytes)) {
      this.#report.damaged("decoding", `${name}: is not of the shape and type that the descriptor says`, {
        frame: number,
        byte: at,
      });
    } else if (payloadState !== "unread") this.#goodFrames++;
    this.#lastFrame = number;
    this.#index.expectFrame(number, at);
    this.#awaitsDetections = this.#descriptor?.detections != null;
  }

  #isOfStream(h: FrameHeader, payloadBytes: number): boolean {
    const rowBytes = h.width * bytesPerPixel[h.pixelFormat ?? "uint8"];
    const d = this.#descriptor;
    const isFit = h.codec === 0 && h.strideBytes >= rowBytes && payloadBytes === h.strideBytes * h.height;
    if (!isFit || !d) return isFit;
    return h.pixelFormat === d.pixelFormat && h.width === d.shape.width && h.height === d.shape.height;
  }

  /** Called when a message comes that should have been a frame's detections; with every number there, none was lost. */
  #checkAwaited(): void {
    if (this.#awaitsDetections) this.#withoutDetections++;
    this.#awaitsDetections = false;
  }

  #takeDetections({ at, header, prefix, payloadAt }: FoundMessage, isGood: boolean): void {
    const isAwaited = this.#awaitsDetections;
    this.#awaitsDetections = false;
    if (header.length < detectionsHeaderBytes) return;
    const h = decodeDetectionsHeader(new DataView(header.buffer, header.byteOffset, header.length));
    const place = { frame: h.frameNumber, byte: isGood ? at : payloadAt };
    const name = `frame ${h.frameNumber.toLocaleString("en-US")}`;
    if (!isGood) this.#report.damaged("checksums", `${name}: its detections do not match their checksum`, place);
    else if (prefix.payloadBytes !== h.rowCount * h.columnCount * 8) {
      this.#report.damaged("decoding", `${name}: its detections are not as long as their header says`, place);
    } else this.#rows += h.rowCount;
    const isAlone = this.#descriptor?.hasFrames === false;
    if (isAlone) {
      this.#frames++;
      if (isGood) this.#goodFrames++;
      this.#lastFrame = h.frameNumber;
      this.#index.expectFrame(h.frameNumber, 0);
    } else if (!isAwaited && h.frameNumber > this.#lastFrame) {
      // A full disk refused the pixels of this frame (archive --on-full tracks-only).
      this.#withoutPixels++;
      this.#lastFrame = h.frameNumber;
      this.#index.expectFrame(h.frameNumber, 0);
    } else if (h.frameNumber !== this.#lastFrame) {
      this.#report.damaged("structure", `${name}: its detections stand behind frame ${this.#lastFrame}`, place);
    }
    this.#index.expectDetections(at);
  }

  #finish(footer: number | undefined): void {
    const report = this.#report;
    if (!this.#isEndSeen) {
      if (!this.#isCut) {
        report.missing("completeness", `cut ${this.#placeWord()}: there is no end message`, {
          byte: this.#source.sizeBytes,
        });
      }
    } else {
      this.#checkAwaited();
      if (footer === undefined) {
        if (!this.#isCut && report.verdict !== "damaged") {
          report.missing("completeness", "the index behind the end message has no footer", {
            byte: this.#source.sizeBytes,
          });
        }
      } else {
        report.isEnded = true;
        const fault = this.#index.finish(footer);
        if (fault) report.damaged("structure", fault, { byte: this.#source.sizeBytes - footerBytes });
      }
    }
    if (!this.#descriptor && report.verdict !== "damaged" && this.#messages > 0) {
      report.damaged("structure", "the descriptor is missing", { byte: preamble.length });
    }
    this.#checkLedger();
    report.frames = this.#step === 1 ? this.#goodFrames : this.#frames;
    report.rows = this.#descriptor?.detections == null ? null : this.#rows;
    const read = this.#messages - this.#skipped;
    report.checked("structure", `${formatCount(this.#messages, "message")} in sequence, ${this.#index.summary}`);
    report.checked(
      "checksums",
      `${formatCount(read, "message")}${this.#skipped > 0 ? ` of ${this.#messages.toLocaleString("en-US")} and the heads of all` : ""}`,
    );
    report.checked("completeness", "end message, index and footer");
    if (this.#withoutPixels > 0) {
      report.note(`${formatCount(this.#withoutPixels, "frame")} with detections only: their pixels were not stored`);
    }
    if (this.#withoutDetections > 0) report.note(`${formatCount(this.#withoutDetections, "frame")} without detections`);
    if (this.#unsummed > 0) {
      report.notChecked("pixels", `${formatCount(this.#unsummed, "frame")} without a checksum of the pixels`);
    }
    if (this.#skipped > 0) report.notChecked("frames", sampled(this.#skipped, this.#frames));
    if (this.#unknown > 0)
      report.note(`${formatCount(this.#unknown, "message")} of a kind that this Mote does not know`);
  }

  /** The last stage's count of frames, less what later links say they dropped, is what is here. */
  #checkLedger(): void {
    const report = this.#report;
    const announced = this.#descriptor?.frameCount ?? null;
    const last = this.#end?.stages.at(-1);
    report.framesExpected = last?.out ?? announced;
    if (!this.#end) return;
    if (this.#end.lost > 0)
      report.note(`${formatCount(this.#end.lost, "frame")} lost while recording, as the end message says`);
    const refused = this.#end.notStored ?? 0;
    if (refused > 0) {
      report.missing(
        "completeness",
        `${formatCount(refused, "frame")} that came could not be stored, as the end message says`,
      );
    }
    noteUnfinished(report, lossOfEnd(this.#end));
    if (!last) return;
    const known = new Set(this.#end.stages.map(({ stage }) => stage));
    const droppedLater = [...this.#dropped].reduce((sum, [stage, count]) => sum + (known.has(stage) ? 0 : count), 0);
    const expected = last.out - droppedLater;
    report.framesExpected = expected;
    report.checked("ledger", `${formatCount(expected, "frame")}, as ${last.stage} counted`);
    if (this.#frames === expected || report.verdict === "damaged") return;
    const what = `${last.stage} counted ${formatCount(expected, "frame")}, the file has ${this.#frames.toLocaleString("en-US")}`;
    if (this.#frames < expected) report.missing("ledger", what);
    else report.damaged("ledger", what);
  }
}
