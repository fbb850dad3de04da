/**
 * Apache Arrow's IPC format, a batch a frame: as a file with a footer, or as a stream, which is what a file that was not closed
 * is read as. Losses, and how the run ended, are the notes of batches without rows.
 */
import { closeSync, fdatasyncSync } from "node:fs";
import { codeOf, failure, MoteError, reason } from "../../../errors.js";
import { lossOfEnd } from "../../../model/recorded-loss.js";
import type { EndOfStream } from "../../../model/run-report.js";
import type { ByteSink } from "../../../stream/byte-pipe.js";
import { openFileSink } from "../../../stream/file-sink.js";
import { createFile } from "../../appear.js";
import { removeOwnFile } from "../../claim/removal.js";
import { fileInTheWay } from "../../files.js";
import type { FrameStore, StoreRequest } from "../../frame-store.js";
import { createBatchWriter } from "./batch-writer.js";
import { loadArrow } from "./library.js";
import { rowsOf } from "./rows.js";
import { noteKeys, schemaOf } from "./schema.js";

const hint = "What was stored before is whole; make room and run again with another --out.";

/** `isFile`: with the magic and the footer of a file. */
export const arrowStore =
  (isFile: boolean) =>
  async (request: StoreRequest): Promise<FrameStore> => {
    const { path, where, descriptor, sink: given } = request;
    const arrow = await loadArrow();
    const schema = schemaOf(arrow, descriptor);
    const writer = createBatchWriter(arrow, schema, isFile);
    const makeRows = rowsOf(arrow, schema, descriptor);
    // Pixels have a checksum of their own, which is there already.
    const sealed = descriptor.detections ? "batch" : "head";
    const nothing = schema.fields.map(({ type }) => arrow.makeData({ type, length: 0, nullCount: 0 } as never));
    const begun = given ? { sink: given, fd: -1 } : create();
    if (given) begun.sink.write(writer.begin());
    const { sink } = begun;
    let frames = 0;
    let rows = 0;

    function create(): { sink: ByteSink; fd: number } {
      try {
        const made = createFile(path, (fd) => {
          const file = openFileSink(where, fd, hint);
          file.write(writer.begin());
          return file;
        });
        return { sink: made.begun, fd: made.fd };
      } catch (error) {
        throw error instanceof MoteError ? error : fileInTheWay(where, error);
      }
    }

    function write(views: readonly Uint8Array[]): void {
      try {
        sink.write(views);
      } catch (error) {
        writer.takeBack();
        throw error;
      }
    }

    function note(key: string, value: unknown): void {
      write(writer.batch(0, nothing, new Map([[key, JSON.stringify(value)]]), "batch"));
    }

    function finish(end: EndOfStream): void {
      note(noteKeys.end, { ...lossOfEnd(end), ...(end.notStored && { notStored: end.notStored }), frames });
      write(writer.end());
    }

    return {
      get frames() {
        return frames;
      },
      get rows() {
        return rows;
      },
      append(frame) {
        const { count, columns, notes } = makeRows(frame);
        write(writer.batch(count, columns, notes, sealed));
        frames++;
        rows += Math.max(0, frame.rowCount);
      },
      ...(!given && { sync: () => fdatasyncSync(begun.fd) }),
      event(event) {
        note(noteKeys.event, event);
      },
      close(end) {
        if (given) {
          if (end) finish(end);
          return;
        }
        if (end === null && frames === 0) {
          closeSync(begun.fd);
          removeOwnFile(path);
          return;
        }
        try {
          if (end) finish(end);
        } catch (error) {
          throw failure(codeOf(error), where, `cannot be ended: ${reason(error)}`, "The rows so far are in it.", error);
        } finally {
          sink.close();
        }
      },
    };
  };
