/**
 * Bytes in and out of a descriptor, synchronously and in place, on the thread that wants them. A descriptor is only ever
 * read or only ever written, and stays as it was found: one that blocks just blocks, which is several times faster than
 * asking again and again (`workers/stuck-thread.ts` takes it away when the run is over); one that somebody made non-blocking
 * (a socket, a shared pipe) is polled with short sleeps.
 */
import { closeSync, openSync, readSync, writeSync, writevSync } from "node:fs";
import { codeOf, failure, reason } from "../errors.js";
import { openUnread } from "./left-in-pipe.js";

const napWords = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps this thread, whatever becomes of the run meanwhile. */
export function nap(ms: number): void {
  Atomics.wait(napWords, 0, 0, ms);
}

function systemCode(error: unknown): string {
  return (error as { code?: string }).code ?? "";
}

export interface ByteSource {
  /** Name for messages: "stdin", "run.mote". */
  readonly name: string;
  /** Bytes read so far. */
  readonly position: number;
  /** Fills `view` as far as the stream goes; fewer bytes mean the end. `shouldStop` is asked while nothing arrives. */
  readFully(view: Uint8Array, shouldStop: () => boolean): number;
  /** Goes to a byte offset, in files only. */
  seek(position: number): void;
  /** Goes on with what lies in the pipe already; `shouldStop` is asked when there is no more. For whoever is about to leave. */
  stopWaiting(): void;
  /** Closes it, stdin too, so that its writer hears at once that nobody reads on, and counts what it writes from now on. */
  leave(): void;
  close(): void;
}

/** Reads from an open descriptor; `startAt` is where it stands. `close` closes it, but for stdin. */
export function openByteSource(
  name: string,
  fd: number,
  startAt: number,
  isSeekable: boolean,
  close = () => {
    if (fd !== 0) closeSync(fd);
  },
): ByteSource {
  let position = startAt;
  let from = fd;
  let isClosed = false;
  return {
    name,
    get position() {
      return position;
    },
    readFully(view, shouldStop) {
      let filled = 0;
      let idleMs = 0.05;
      while (filled < view.length) {
        try {
          const got = readSync(from, view, filled, view.length - filled, isSeekable ? position : null);
          if (got === 0) return filled;
          filled += got;
          position += got;
          idleMs = 0.05;
          if (filled < view.length && shouldStop()) return filled;
        } catch (error) {
          if (systemCode(error) === "EINTR") continue;
          if (systemCode(error) === "EOF") return filled;
          // Taken away, because nothing came and the run is over.
          if (systemCode(error) === "EBADF" && shouldStop()) return filled;
          if (systemCode(error) !== "EAGAIN") {
            throw failure(
              codeOf(error),
              name,
              `cannot be read at byte ${position}: ${reason(error)}`,
              undefined,
              error,
            );
          }
          if (shouldStop()) return filled;
          nap(idleMs);
          idleMs = Math.min(1, idleMs * 1.5);
        }
      }
      return filled;
    },
    seek(to) {
      position = to;
    },
    stopWaiting() {
      from = openUnread(fd) ?? fd;
    },
    leave() {
      this.close();
      if (fd !== 0) return;
      closeSync(fd);
      // What is opened next shall not be taken for stdin.
      openSync("/dev/null", "r");
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      if (from !== fd) closeSync(from);
      close();
    },
  };
}

/** Thrown (not as a MoteError) when the reader of our output went away: a reason to stop quietly. */
export class ReaderGone extends Error {
  /** What had been written of the message that did not go out whole. */
  partBytes = 0;
}

export interface ByteSink {
  readonly name: string;
  readonly position: number;
  /** Writes all views in order; throws ReaderGone when nobody reads any more. */
  write(views: readonly Uint8Array[]): void;
  close(): void;
}

/** Most that is written in one call: a reader of a quarter of a megabyte a second is seen to move. */
const pieceBytes = 1 << 18;
/** A run that has been told to stop waits so long for a reader that takes nothing. */
const mostWaitedMs = 500;

export interface SinkOwner {
  /** The run is over or ends early: a descriptor that was taken away is no fault. */
  isStopped(): boolean;
  /** Nothing needs to be finished: waiting for a reader ends. */
  isAborted(): boolean;
  /** Hears that bytes were taken: a slow reader is no stuck one. */
  moved?(): void;
}

/** What is written next of the views, of which `done` bytes are written. */
function pieceOf(views: readonly Uint8Array[], done: number): Uint8Array[] {
  const piece: Uint8Array[] = [];
  let skip = done;
  let room = pieceBytes;
  for (const view of views) {
    if (skip < view.length && room > 0) {
      const part = view.subarray(skip, skip + room);
      piece.push(part);
      room -= part.length;
    }
    skip = Math.max(0, skip - view.length);
  }
  return piece;
}

/** `close`: how the descriptor is closed; stdout stays open, which others write to. */
export function openByteSink(
  name: string,
  fd: number,
  owner: SinkOwner,
  close = () => {
    if (fd !== 1) closeSync(fd);
  },
): ByteSink {
  let position = 0;

  function attempt(write: () => number): number {
    let idleMs = 0.05;
    let waitedMs = 0;
    for (;;) {
      try {
        return write();
      } catch (error) {
        const code = systemCode(error);
        if (code === "EINTR") continue;
        if (code === "EPIPE" || code === "ECONNRESET") throw new ReaderGone(name);
        if (code === "EBADF" && owner.isStopped()) throw new ReaderGone(name);
        if (code !== "EAGAIN") {
          const hint = code === "ENOSPC" ? "Free some space or choose another disk." : undefined;
          throw failure(codeOf(error), name, `cannot be written at byte ${position}: ${reason(error)}`, hint, error);
        }
        if (owner.isAborted() || (owner.isStopped() && waitedMs > mostWaitedMs)) throw new ReaderGone(name);
        nap(idleMs);
        waitedMs += idleMs;
        idleMs = Math.min(1, idleMs * 1.5);
      }
    }
  }

  return {
    name,
    get position() {
      return position;
    },
    write(views) {
      const all = views.reduce((sum, view) => sum + view.length, 0);
      let done = 0;
      try {
        while (done < all) {
          const piece = pieceOf(views, done);
          done += attempt(() => (piece.length === 1 ? writeSync(fd, piece[0]!) : writevSync(fd, piece)));
          if (done < all) owner.moved?.();
        }
      } catch (error) {
        if (error instanceof ReaderGone) error.partBytes = done;
        throw error;
      }
      position += done;
    },
    close,
  };
}
