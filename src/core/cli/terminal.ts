/** The one place that prints. Writes descriptors directly: touching process.stdout would make a pipe non-blocking under the stages. */
import { fstatSync, writeSync } from "node:fs";
import { isatty } from "node:tty";

const napWords = new Int32Array(new SharedArrayBuffer(4));

function write(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(napWords, 0, 0, 2);
    }
  }
}

/** Data and results. */
export function printResult(text: string): void {
  write(1, `${text}\n`);
}

/** Everything else. */
export function printMessage(text: string): void {
  try {
    write(2, `${text}\n`);
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
