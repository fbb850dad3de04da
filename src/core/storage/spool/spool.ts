/**
 * Frames and events that wait on a disk for the next stage: appended at one end, read back in order at the other. It is a
 * row of files (`mote-spool-<pid>-<stage>.mote`, then `-2`, ...), so that what has been read back gives its room back
 * long before everything has; a stage that is only a little too slow never drains its spool to the last frame. One thread
 * owns it. Nothing is synced: the files survive the process, not the machine.
 */
import { join } from "node:path";
import { MoteError, reason } from "../../errors.js";
import type { Frame } from "../../memory/frame.js";
import type { StreamDescriptor } from "../../model/descriptor.js";
import type { StreamEvent } from "../../model/event.js";
import { longAgo, msSince, now } from "../../time.js";
import { formatBytes } from "../../units.js";
import { freeBytes } from "../files.js";
import { defaultSpoolFolder } from "./spool-folder.js";
import { SpoolSegment } from "./spool-segment.js";

/** Left free on the disk when no limit is given. */
const leastFreeBytes = 1e9;
const mostSegmentBytes = 512e6;
/** A segment is at most this share of the limit, so that little of it is taken by frames that were read already. */
const segmentsInLimit = 8;
/** Others write to the disk too: its room is looked at again after so many bytes. */
const lookEveryBytes = 32e6;
/** After a failed write the disk is left alone for a while. */
const retryAfterMs = 500;

export interface SpoolRequest {
  /** Name of the stage in front, for the files' names. */
  readonly label: string;
  readonly descriptor: StreamDescriptor;
  /** Null: the folder for temporary files. */
  readonly folder: string | null;
  /** Bytes on the disk at most; null: leave 1 GB free. */
  readonly limitBytes: number | null;
}

/** What `read` brought: events in order, then a frame if `hasFrame`; or frames that are lost because their file is damaged. */
export interface SpoolRead {
  readonly events: readonly StreamEvent[];
  readonly hasFrame: boolean;
  readonly lost?: { readonly firstFrame: number; readonly count: number; readonly why: string };
}

export class Spool {
  /** Frames written so far. */
  framesSpilled = 0;
  /** The most it took on the disk. */
  mostBytes = 0;
  /** Why the last write was refused. */
  refusal = "";
  readonly #request: SpoolRequest;
  readonly #segmentBytes: number;
  readonly #segments: SpoolSegment[] = [];
  /** Files that are read no more and kept. */
  readonly #kept: SpoolSegment[] = [];
  #folder: string | undefined;
  #files = 0;
  #roomBytes = 0;
  #bytesSinceLook = Number.POSITIVE_INFINITY;
  #failedAt = longAgo;
  /** Number of the frame that is read next, as far as numbers have no gaps. */
  #nextFrameNumber = 0;

  constructor(request: SpoolRequest) {
    this.#request = request;
    this.#segmentBytes = Math.min(mostSegmentBytes, (request.limitBytes ?? Number.POSITIVE_INFINITY) / segmentsInLimit);
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  /** Frames that wait. */
  get frames(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.framesIn - segment.framesOut, 0);
  }

  /** Bytes on the disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Appends a frame; false when the spool cannot grow, and `refusal` says why. */
  write(frame: Frame): boolean {
    if (this.frames === 0) this.#nextFrameNumber = frame.header.frameNumber;
    const isWritten = this.#append(frame.bytes.length, (segment) => segment.write(frame));
    if (isWritten) this.framesSpilled++;
    return isWritten;
  }

  writeEvent(event: StreamEvent): boolean {
    return this.#append(1024, (segment) => segment.writeEvent(event));
  }

  /** The oldest frame that waits, into a slot, with the events before it. Not to be asked when empty. */
  read(into: Frame): SpoolRead {
    const segment = this.#segments[0]!;
    try {
      const found = segment.read(into);
      if (found.hasFrame) this.#nextFrameNumber = into.header.frameNumber + 1;
      if (segment.isDrained) this.#segments.shift()!.remove();
      return found;
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      this.#kept.push(this.#segments.shift()!);
      const lost = {
        firstFrame: this.#nextFrameNumber,
        count: segment.framesIn - segment.framesOut,
        why: error.message,
      };
      return { events: [], hasFrame: false, lost };
    }
  }

  /** Gives up everything that waits, deletes the files, and says how many frames that were. */
  discard(): number {
    const { frames } = this;
    for (const segment of this.#segments.splice(0)) segment.remove();
    return frames;
  }

  /** Reads no more of what waits and keeps its files; says which frames those were. */
  leave(): { readonly firstFrame: number; readonly count: number } {
    const left = { firstFrame: this.#nextFrameNumber, count: this.frames };
    this.#kept.push(...this.#segments.splice(0));
    return left;
  }

  /** Closes what is open. Files with frames in them stay; their paths are returned, the oldest first. */
  close(): readonly string[] {
    const kept = [...this.#kept.splice(0), ...this.#segments.splice(0)];
    for (const segment of kept) segment.close();
    return kept.map((segment) => segment.path);
  }

  #append(bytes: number, write: (segment: SpoolSegment) => void): boolean {
    if (msSince(this.#failedAt) < retryAfterMs || !this.#hasRoom(bytes)) return false;
    try {
      const segment = this.#writable();
      const before = segment.bytes;
      write(segment);
      const grown = segment.bytes - before;
      this.#roomBytes -= grown;
      this.#bytesSinceLook += grown;
      this.mostBytes = Math.max(this.mostBytes, this.bytes);
      return true;
    } catch (error) {
      this.refusal = error instanceof MoteError ? error.message : reason(error);
      this.#failedAt = now();
      this.#bytesSinceLook = Number.POSITIVE_INFINITY;
      this.#dropEmptyTail();
      return false;
    }
  }

  /** The segment that is written to, a new one when there is none. */
  #writable(): SpoolSegment {
    const last = this.#segments.at(-1);
    if (last && last.bytes >= this.#segmentBytes) last.isSealed = true;
    if (last && !last.isSealed) return last;
    const { label, descriptor, folder } = this.#request;
    this.#folder ??= folder ?? defaultSpoolFolder();
    if (this.isEmpty) this.#files = 0;
    const stage = label.replace(/[^\w.-]/g, "_");
    for (;;) {
      const number = ++this.#files;
      const name = `mote-spool-${process.pid}-${stage}${number === 1 ? "" : `-${number}`}.mote`;
      try {
        const segment = new SpoolSegment(join(this.#folder, name), descriptor);
        this.#segments.push(segment);
        return segment;
      } catch (error) {
        // A run with this process id was killed once and nobody has recovered its frames yet.
        if ((error as { code?: string }).code !== "EEXIST") throw error;
      }
    }
  }

  /** A segment whose first write failed holds nothing that could ever drain it. */
  #dropEmptyTail(): void {
    if (this.#segments.at(-1)?.isDrained) this.#segments.pop()!.remove();
  }

  #hasRoom(bytes: number): boolean {
    const { limitBytes, folder } = this.#request;
    if (limitBytes !== null) {
      if (this.bytes + bytes <= limitBytes) return true;
      this.refusal = `--spill-limit ${formatBytes(limitBytes)} is reached`;
      return false;
    }
    if (this.#bytesSinceLook >= lookEveryBytes || this.#roomBytes < bytes) {
      this.#folder ??= folder ?? defaultSpoolFolder();
      try {
        this.#roomBytes = freeBytes(join(this.#folder, "spool")) - leastFreeBytes;
      } catch (error) {
        this.refusal = reason(error);
        return false;
      }
      this.#bytesSinceLook = 0;
    }
    if (this.#roomBytes >= bytes) return true;
    this.refusal = `the disk of ${this.#folder} has only ${formatBytes(leastFreeBytes)} left`;
    return false;
  }
}
