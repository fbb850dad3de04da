/** Files read whole, and the looks at a path that come before: nothing is waited for, and no more is held than may be. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { OverBudget } from "../budget.js";
import { FormatProblem } from "../format-problem.js";

/**
 * Opens a file for reading, where only a file will do; returns its descriptor. Throws the system's error, or a FormatProblem
 * for a folder, a pipe, a socket or a device: reading one may never end, and nothing can be read in it twice.
 */
export function openFile(path: string): number {
  // A pipe that nobody writes to would otherwise be waited for in `open`.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = fstatSync(fd);
  if (stats.isFile()) return fd;
  closeSync(fd);
  const what = stats.isDirectory() ? "folder" : stats.isFIFO() ? "pipe" : stats.isSocket() ? "socket" : "device";
  throw new FormatProblem(
    "wrong-kind-of-file",
    `expected a file, got a ${what}`,
    undefined,
    "Name a file that can be read from any place.",
  );
}

/** All bytes of a file; throws an OverBudget before it reads when there are more than `mostBytes`. */
export function readBounded(path: string, mostBytes: number): Buffer {
  const fd = openFile(path);
  try {
    const { size } = fstatSync(fd);
    if (size > mostBytes) throw new OverBudget(`has ${size} bytes, expected at most ${mostBytes}`);
    const bytes = Buffer.allocUnsafe(size);
    let filled = 0;
    for (let got = 1; got > 0 && filled < size; filled += got) got = readSync(fd, bytes, filled, size - filled, filled);
    return bytes.subarray(0, filled);
  } finally {
    closeSync(fd);
  }
}

/** How long a pipe may be silent, milliseconds. */
const mostSilenceMs = 5000;

/**
 * All bytes of a file or of a pipe, as a shell's `<(...)` is one, up to `mostBytes`; throws an OverBudget when there are more,
 * or when a pipe stays silent.
 */
export function readFileOrPipe(path: string, mostBytes: number): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const pieces: Buffer[] = [];
    let bytes = 0;
    let silentMs = 0;
    for (;;) {
      const piece = Buffer.allocUnsafe(Math.min(1 << 16, mostBytes + 1));
      const got = readOrWait(fd, piece);
      if (got === 0) return Buffer.concat(pieces);
      if (got < 0) {
        silentMs += waitMs;
        if (silentMs > mostSilenceMs) throw new OverBudget(`was silent for ${mostSilenceMs / 1000} seconds`);
        continue;
      }
      silentMs = 0;
      pieces.push(piece.subarray(0, got));
      bytes += got;
      if (bytes > mostBytes) throw new OverBudget(`has more than ${mostBytes} bytes`);
    }
  } finally {
    closeSync(fd);
  }
}

const waitMs = 20;

/** -1 when nothing came within `waitMs`. */
function readOrWait(fd: number, piece: Buffer): number {
  try {
    return readSync(fd, piece);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
    return -1;
  }
}
