/** A container on stdout, row by row while the run goes on, for the program behind the pipe. */
import { fstatSync } from "node:fs";
import { isatty } from "node:tty";
import type { Problem } from "../../errors.js";
import { readerGoneReason } from "../../model/run-report.js";
import { type ByteSink, openByteSink, ReaderGone, type SinkOwner } from "../../stream/byte-pipe.js";
import { openFileSink } from "../../stream/file-sink.js";
import { takeUnread } from "../../stream/left-in-pipe.js";
import { SentFrames } from "../../stream/sent-frames.js";
import type { Container } from "../formats/format.js";
import type { FrameStore, StoreRequest } from "../frame-store.js";

const stdout = 1;

/** What the run is told by a store whose reader may go away. */
export interface StdoutOwner extends SinkOwner {
  countLost(frames: number, reason: string, of: "out"): void;
}

/** What speaks against writing there. */
export function stdoutProblem(where: string, { stream }: Container): Problem | undefined {
  if (stream?.isText !== false || !isatty(stdout)) return undefined;
  return {
    code: "bad-option",
    where,
    what: "would write binary data to the terminal",
    hint: "Pipe it into a program, or name a file.",
  };
}

/**
 * Opens the container there. Once nobody reads any more, `append` throws ReaderGone, and frames that went into the pipe and were
 * not read are counted; a redirected stdout that is a file takes a frame whole or not at all.
 */
export async function openStdoutStore(
  container: Container,
  request: Omit<StoreRequest, "path">,
  owner: StdoutOwner,
): Promise<FrameStore> {
  const { where, descriptor } = request;
  const isFile = fstatSync(stdout).isFile();
  const out = isFile
    ? openFileSink(where, stdout, "Make room or choose another disk, and run again.", true)
    : openByteSink("stdout", stdout, owner);
  const sent = new SentFrames();
  let gone: ReaderGone | undefined;

  /** What a store makes of the error does not matter: this is who knows that nobody reads. */
  const sink: ByteSink = {
    ...out,
    get position() {
      return out.position;
    },
    write(views) {
      if (gone) throw gone;
      try {
        out.write(views);
      } catch (error) {
        if (!(error instanceof ReaderGone)) throw error;
        gone = error;
        const left = sent.behind(out.position + error.partBytes - takeUnread(stdout));
        if (left > 0) owner.countLost(left, readerGoneReason(descriptor.isLive), "out");
        throw error;
      }
    },
  };

  /** Does what may find that the reader has gone, which is no fault of what is done. */
  async function unlessGone(work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!gone) throw error;
    }
  }

  let store: FrameStore | undefined;
  await unlessGone(async () => {
    const open = await container.load();
    store = await open({ ...request, path: "stdout", sink });
  });
  return {
    get frames() {
      return store?.frames ?? 0;
    },
    get rows() {
      return store?.rows ?? 0;
    },
    get bytes() {
      return out.position;
    },
    async append(frame) {
      await unlessGone(() => store?.append(frame));
      if (gone) throw gone;
      if (!isFile) sent.add(out.position);
    },
    event(event) {
      try {
        store?.event(event);
      } catch (error) {
        if (!gone) throw error;
      }
    },
    async close(end) {
      try {
        await unlessGone(() => store?.close(end));
      } finally {
        out.close();
      }
    },
  };
}
