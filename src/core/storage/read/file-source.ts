/** An open file as a source of bytes, read at offsets through its descriptor: never the whole file, never a stream. */
import { closeSync, fstatSync, readSync } from "node:fs";
import { FormatProblem } from "../../format-problem.js";
import { type ByteSource, requireBytes } from "../../imaging/byte-source.js";
import { openFile } from "../bounded-file.js";

export interface FileSource extends ByteSource {
  close(): void;
}

/** Throws the system's error, or a FormatProblem for what is no file. */
export function openFileSource(path: string): FileSource {
  const descriptor = openFile(path);
  const sizeBytes = fstatSync(descriptor).size;
  let isOpen = true;
  return {
    name: path,
    sizeBytes,
    readInto(target, offset) {
      requireBytes(sizeBytes, offset, target.length);
      let done = 0;
      while (done < target.length) {
        const count = readSync(descriptor, target, done, target.length - done, offset + done);
        if (count === 0)
          throw new FormatProblem("file-changed", "the file became shorter while it was read", offset + done);
        done += count;
      }
    },
    close() {
      if (isOpen) closeSync(descriptor);
      isOpen = false;
    },
  };
}
