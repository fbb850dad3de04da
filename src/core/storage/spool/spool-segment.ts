/**
 * One file of a spool: written at its end, read from its start, both by one thread. It is a recording like any other
 * (docs/frame-stream.md) with checksums, without an index and without an end message, since nothing ends in it: what a
 * killed process leaves is read like a recording that was cut.
 */
import { closeSync, ftruncateSync, openSync } from "node:fs";
import { failure } from "../../errors.js";
import type { Frame } from "../../memory/frame.js";
import type { StreamDescriptor } from "../../model/descriptor.js";
import type { StreamEvent } from "../../model/event.js";
import { openByteSink, openByteSource } from "../../stream/byte-pipe.js";
import { createStreamReader, type StreamReader } from "../../stream/stream-reader.js";
import { createStreamWriter, type StreamWriter } from "../../stream/stream-writer.js";
import { removeOwnFile } from "../claim/removal.js";

/** Others on the machine have no business in a lab's frames. */
const fileMode = 0o600;

export class SpoolSegment {
  readonly path: string;
  /** Frames written, and of these frames read back. */
  framesIn = 0;
  framesOut = 0;
  /** Nothing more is written here: it is full, or a write failed and the message numbers have a gap. */
  isSealed = false;
  readonly #fd: number;
  readonly #writer: StreamWriter;
  readonly #reader: StreamReader;
  readonly #source: ReturnType<typeof openByteSource>;
  readonly #sink: ReturnType<typeof openByteSink>;
  readonly #events: StreamEvent[] = [];

  /** Creates the file; throws what the file system says when it cannot, and EEXIST when the name is taken. */
  constructor(path: string, descriptor: StreamDescriptor) {
    this.path = path;
    // Appending: after a failed write and its truncation the next write goes to the right place.
    this.#fd = openSync(path, "ax+", fileMode);
    try {
      this.#sink = openByteSink(path, this.#fd, { isStopped: () => false, isAborted: () => false });
      this.#writer = createStreamWriter(this.#sink, descriptor, { hasChecksums: true, hasIndex: false });
      this.#source = openByteSource(path, this.#fd, this.#sink.position, true);
      this.#reader = createStreamReader(this.#source, descriptor, {
        maxPayloadBytes: Number.MAX_SAFE_INTEGER,
        isGrowing: true,
        shouldStop: () => false,
        onEvent: (event) => this.#events.push(event),
      });
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  get bytes(): number {
    return this.#sink.position;
  }

  get isDrained(): boolean {
    return this.#source.position === this.#sink.position;
  }

  /** Appends a frame; after a failure, which is thrown, the file ends with the entry before. */
  write(frame: Frame): void {
    this.#whole(() => this.#writer.frame(frame));
    this.framesIn++;
  }

  writeEvent(event: StreamEvent): void {
    this.#whole(() => this.#writer.event(event));
  }

  /** Reads on to the next frame: the events before it, and whether there was one. Throws when the file is damaged. */
  read(into: Frame): { readonly events: readonly StreamEvent[]; readonly hasFrame: boolean } {
    const hasFrame = this.#reader.next(into) === "frame";
    if (hasFrame) this.framesOut++;
    else if (!this.isDrained)
      throw failure("file-changed", this.path, `ends at byte ${this.#source.position}, it had more`);
    return { events: this.#events.splice(0), hasFrame };
  }

  /** Closes the file and leaves it there. */
  close(): void {
    try {
      closeSync(this.#fd);
    } catch {
      // Late news of a failed write; what could not be read back was told already.
    }
  }

  /** Closes the file and deletes it; a file that somebody else deleted is as good. */
  remove(): void {
    this.close();
    removeOwnFile(this.path);
  }

  #whole(write: () => void): void {
    const before = this.#sink.position;
    try {
      write();
    } catch (error) {
      this.isSealed = true;
      try {
        ftruncateSync(this.#fd, before);
      } catch {
        // A torn entry at the end of the file is beyond what is ever read back, and a reader after a kill stops there.
      }
      throw error;
    }
  }
}
