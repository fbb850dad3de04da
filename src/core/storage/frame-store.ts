/** Containers that frames and detections are archived in: what every one can do. */
import type { Frame } from "../memory/frame.js";
import type { SlotGeometry } from "../memory/slot-layout.js";
import type { StreamDescriptor } from "../model/descriptor.js";
import type { StreamEvent } from "../model/event.js";
import type { EndOfStream } from "../model/run-report.js";
import type { ByteSink } from "../stream/byte-pipe.js";
import type { FileIdentity } from "./claim/removal.js";

/**
 * An open container. What `append` has taken is in the operating system's hands when it returns, so a process that is
 * killed afterwards leaves it readable. A failed append leaves the file as it was after the append before, and may be tried
 * again.
 */
export interface FrameStore {
  /** Frames stored so far. */
  readonly frames: number;
  /** Detections stored so far. */
  readonly rows: number;
  /** The folder that it made and writes into, where it is one. */
  readonly made?: FileIdentity;
  /** Where it is, when that is not where it was asked for. */
  readonly path?: string | undefined;
  /** The files written so far, where the one that was asked for is split. */
  readonly parts?: readonly string[] | undefined;
  /** Bytes stored so far, by containers that are no single file. */
  readonly bytes?: number | undefined;
  /** Stores one frame and its detections; throws a failure naming the file when the disk refuses. The frame is the store's until it returns. */
  append(frame: Frame): void | Promise<void>;
  /**
   * Stores several frames at once, where that is less work than one by one. False when it did not and the file is as it was:
   * each frame is to be appended by itself then. Throws as `append` does, the file being as it was, too.
   */
  appendTogether?(frames: readonly Frame[]): boolean;
  /**
   * Stores the detections of a frame whose pixels are given up, as on a disk that is nearly full, and notes in the file that
   * they are missing; absent where detections have no place without pixels. May come when the append before has failed.
   */
  appendDetections?(frame: Frame): void | Promise<void>;
  /**
   * Makes everything that was appended before durable: its bytes are on the disk and, whatever is lost of what comes behind,
   * found again by who reads or recovers the file. The names of files that stand beside the claimed one are its to sync, too.
   * Throws the disk's error; nothing that was not durable before is then. Absent: durable once it is closed (`closedOnly`).
   */
  sync?(): void | Promise<void>;
  /** Takes what happened between frames; containers without a place for it ignore it. */
  event(event: StreamEvent): void;
  /**
   * Ends the container, synced to the disk: with the stream's totals (`notStored` above 0: the file is not complete), or
   * with null after a failure, when the file keeps what it has and is removed if it has nothing. Called once.
   */
  close(end: EndOfStream | null): void | Promise<void>;
}

export interface StoreRequest {
  /** The file; nothing has that name. */
  readonly path: string;
  /** The name it will have where that is another one, for what is written about it inside. */
  readonly name?: string;
  /** Where the bytes go instead of to a file, of a container that is a `stream`; it is not the store's to close. */
  readonly sink?: ByteSink;
  /** For complaints: "archive, --out run.h5". */
  readonly where: string;
  readonly descriptor: StreamDescriptor;
  readonly geometry: SlotGeometry;
  /** Threads that compress, where a container can use several; 1 when it is not given. */
  readonly workers?: number;
  /** It is synced while it grows; what is durable has to outlast the loss of any of the writes behind it. */
  readonly isSynced?: boolean;
  /** A sentence for the user that does not end the run. */
  warn?(text: string): void;
  /** What was asked of each container; one that is not given has its defaults. */
  readonly settings?: StoreSettings;
}

/** What the file is called once it is complete, without a slash at its end. */
export function nameOf({ path, name = path }: Pick<StoreRequest, "path" | "name">): string {
  return name.replace(/\/+$/, "");
}

/** Settings by the key of the format that reads them; plain JSON, as they cross threads. */
export type StoreSettings = Readonly<Record<string, object>>;
