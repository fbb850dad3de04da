/**
 * The one place that prints. Writes descriptors directly: Node's own streams make a pipe non-blocking, which is a property of
 * the open file and so becomes that of every program that shares it: `tee`, or the next stage.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { fstatSync, writeSync } from "node:fs";
import { Writable } from "node:stream";
import { isatty } from "node:tty";
import { codeOf, failure, reason } from "../errors.js";
import { printable } from "../printable.js";

const napWords = new Int32Array(new SharedArrayBuffer(4));

/** Takes what a command line says: results (1) and messages (2), in their order. */
export type Listener = (fd: 1 | 2, bytes: Uint8Array) => void;

const listeners = new AsyncLocalStorage<Listener>();

/** Runs `work`, whose results and messages `listener` gets instead of stdout and stderr: a command line within a program. */
export function listenTo<Result>(listener: Listener, work: () => Promise<Result>): Promise<Result> {
  return listeners.run(listener, work);
}

/** False when the reader went away. */
function write(fd: 1 | 2, bytes: Uint8Array): boolean {
  const listener = listeners.getStore();
  if (listener) {
    listener(fd, bytes);
    return true;
  }
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

/** False when the reader went away; `where` names the verb when what it prints has no place. */
function writeResult(where: string, bytes: Uint8Array): boolean {
  try {
    return write(1, bytes);
  } catch (error) {
    throw failure(
      codeOf(error),
      `${where}, stdout`,
      `cannot be written: ${reason(error)}`,
      "Make room and run again.",
      error,
    );
  }
}

/** Results, whole, or as much as somebody reads. */
export function printResult(where: string, text: string): void {
  writeResult(where, Buffer.from(`${printable(text)}\n`));
}

/** A result that is data, until its end or until nobody reads it any more. */
export async function printData(where: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) if (!writeResult(where, piece)) return;
}

/** On a terminal, a bar that another program of the pipeline shows may stand where a message goes. */
const clearLine = "\r\u001b[K";

/** Everything else. */
export function printMessage(text: string): void {
  const before = isMessageTerminal && !listeners.getStore() ? clearLine : "";
  try {
    write(2, Buffer.from(`${before}${printable(text)}\n`));
  } catch {
    // Nobody can be told that nobody can be told.
  }
}

export const isMessageTerminal = isatty(2);

/**
 * Puts streams of our own in the place of Node's, for all that prints without asking us: libraries, warnings, what a worker
 * thread says. A terminal keeps Node's, which opens it anew for itself.
 */
export function speakForEverybody(): void {
  for (const [name, fd] of [
    ["stdout", 1],
    ["stderr", 2],
  ] as const) {
    if (isatty(fd)) continue;
    const stream = new Writable({
      decodeStrings: true,
      write(bytes: Buffer, _encoding, done) {
        try {
          write(fd, bytes);
        } catch {
          // As with messages: what has no place is not said.
        }
        done();
      },
    });
    Object.defineProperty(process, name, { value: stream, configurable: true, enumerable: true });
  }
}

/** Columns that text of paragraphs takes: those of the terminal as far as lines are read with ease, 80 where there is none. */
export function helpColumns(): number {
  const columns = !listeners.getStore() && isatty(1) ? process.stdout.columns : 0;
  return columns > 0 ? Math.min(100, Math.max(60, columns)) : 80;
}

/** True when another program reads our stdout as it comes: that one shows the progress. */
export function isOutputPiped(): boolean {
  try {
    const stat = fstatSync(1);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}
