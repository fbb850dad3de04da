/** The one place that prints. Writes descriptors directly: touching process.stdout would make a pipe non-blocking under the stages. */
import { fstatSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import { failure, reason } from "../errors.js";

const napWords = new Int32Array(new SharedArrayBuffer(4));

/** False when the reader went away. */
function write(fd: number, bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === "EPIPE") return false;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(napWords, 0, 0, 2);
    }
  }
  return true;
}

/** Data and results. */
export function printResult(text: string): void {
  write(1, Buffer.from(`${text}\n`));
}

/** A result that is data, until its end or until nobody reads it any more. */
export async function printData(where: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) {
    try {
      if (!write(1, piece)) return;
    } catch (error) {
      throw failure(where, `cannot be written: ${reason(error)}`, "Make room and run again.", error);
    }
  }
}

/** Everything else. */
export function printMessage(text: string): void {
  try {
    write(2, Buffer.from(`${text}\n`));
  } catch {
    // Nobody can be told that nobody can be told.
  }
}

export const isMessageTerminal = isatty(2);

/** True when another program reads our stdout as it comes: that one shows the progress. */
export function isOutputPiped(): boolean {
  try {
    const stat = fstatSync(1);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}
