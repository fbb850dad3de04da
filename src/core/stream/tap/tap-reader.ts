/**
 * One reader of a tap: a frame stream of its own, with the frames that it had time for. Nothing here ever waits: what the
 * reader does not take now stays until it does, and the next frame is offered when it has all of the one before.
 */
import { writevSync } from "node:fs";
import type { Frame } from "../../memory/frame.js";
import type { StreamDescriptor } from "../../model/descriptor.js";
import type { StreamEvent } from "../../model/event.js";
import { isLossEvent } from "../../model/event-check.js";
import { type EndOfStream, harmlessReasons, type StageReport } from "../../model/run-report.js";
import { createStreamWriter, type StreamWriter } from "../stream-writer.js";

/** What the tap is called in its readers' streams. */
const stageName = "tap";
const none = { p50: 0, p99: 0 };
/** Most that is written in one call. */
const pieceBytes = 1 << 20;

export class TapReader {
  readonly fd: number;
  readonly #writer: StreamWriter;
  /** What it has not taken yet, of messages that have begun. */
  #rest: Uint8Array[] = [];
  #lastFrame: number | undefined;
  #shown = 0;
  #notShown = 0;
  #isGone = false;

  /** `fd` must not block. */
  constructor(fd: number, descriptor: StreamDescriptor) {
    this.fd = fd;
    let position = 0;
    const sink = {
      name: "tap",
      get position() {
        return position;
      },
      write: (views: readonly Uint8Array[]) => {
        for (const view of views) position += view.length;
        this.#rest.push(...views);
      },
      close: () => {},
    };
    // Whoever counts on pixels asks for their checksums where the frames are stored: here they would be made for a view.
    this.#writer = createStreamWriter(sink, descriptor, { hasChecksums: false, hasIndex: false });
  }

  /** It has all that it was offered. */
  get isIdle(): boolean {
    return this.#rest.length === 0;
  }

  /** Nobody reads any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Of an idle reader: the next frame, whose slot has to stay until it is idle, or `keepRest` was called. */
  offer(frame: Frame): void {
    const { frameNumber } = frame.header;
    this.#tellMissing(frameNumber);
    this.#writer.frame(frame);
    this.#shown++;
    this.#lastFrame = frameNumber;
  }

  /** Tells what happened between frames; a reader that is busy does not hear of it. */
  event(event: StreamEvent): void {
    if (!this.isIdle) return;
    if (isLossEvent(event) && this.#lastFrame !== undefined && event.firstFrame > this.#lastFrame) {
      this.#tellMissing(event.firstFrame);
      this.#lastFrame = event.firstFrame + event.count - 1;
    }
    this.#writer.event(event);
  }

  /** The last word, for a reader that is idle: to what all heard comes what this one was shown since it came. */
  end(end: EndOfStream): void {
    if (!this.isIdle) return;
    const own: StageReport = {
      ...{ stage: stageName, in: this.#shown + this.#notShown, out: this.#shown, failed: 0 },
      dropped: this.#notShown > 0 ? { [harmlessReasons.notShown]: this.#notShown } : {},
      ...{ latencyMs: none, ageMs: none, queueDepth: { now: 0, most: 0 }, busyShare: 0, summary: {} },
    };
    this.#writer.end({ ...end, stages: [...end.stages, own] });
  }

  /** Writes what it takes now; returns how many bytes that were. */
  write(): number {
    let taken = 0;
    try {
      while (this.#rest.length > 0) {
        const piece = this.#nextPiece();
        const asked = piece.reduce((sum, view) => sum + view.length, 0);
        const got = writevSync(this.fd, piece);
        this.#strike(got);
        taken += got;
        if (got < asked) break;
      }
    } catch (error) {
      const { code } = error as { code?: string };
      // Whatever else is wrong with its descriptor: the reader is of no use any more, and the run is none the worse.
      if (code !== "EAGAIN" && code !== "EINTR") {
        this.#isGone = true;
        this.#rest = [];
      }
    }
    return taken;
  }

  /** What is left of a frame is copied: its slot goes back to the run. */
  keepRest(): void {
    if (this.#rest.length > 0) this.#rest = [Buffer.concat(this.#rest)];
  }

  /** Frames between the last that it has and this one. */
  #tellMissing(frameNumber: number): void {
    const firstFrame = (this.#lastFrame ?? frameNumber) + 1;
    const count = frameNumber - firstFrame;
    if (count <= 0) return;
    this.#writer.event({ event: "drop", stage: stageName, firstFrame, count, reason: harmlessReasons.notShown });
    this.#notShown += count;
  }

  #nextPiece(): Uint8Array[] {
    const piece: Uint8Array[] = [];
    let room = pieceBytes;
    for (const view of this.#rest) {
      if (room === 0) break;
      const part = view.subarray(0, room);
      piece.push(part);
      room -= part.length;
    }
    return piece;
  }

  #strike(bytes: number): void {
    let left = bytes;
    while (this.#rest.length > 0 && left >= this.#rest[0]!.length) left -= this.#rest.shift()!.length;
    if (left > 0) this.#rest[0] = this.#rest[0]!.subarray(left);
  }
}
