/**
 * Gets a thread out of a read or a write that may never come back, of a pipe, a socket or a device whose other side is
 * silent. The descriptor is taken from under it: this process closes its own and puts one in its place that allows the
 * opposite only; then the thread gets a signal, upon which the kernel begins the call anew (signal(7), SA_RESTART), with
 * the descriptor's number and not with what it stood for, and answers EBADF. The bytes that lie in a pipe, the open file that
 * other processes share and its flags stay as they are, and reads and writes may block, which is the fast way.
 *
 * Linux only, where a thread has a number that signals can be sent to, and says what it waits for (proc(5)). Elsewhere a
 * stuck thread stays stuck.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync } from "node:fs";

/** A signal whose default is to be ignored, should the thread have ended and its number be another process' by now. */
const nudge = "SIGURG";

/** The number by which the system knows the calling thread; null where it tells none. */
export function systemThreadId(): number | null {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return null;
  }
}

/** Wakes a thread that is stuck at a descriptor which only that thread uses, and only to read or only to write. */
export class ThreadWaker {
  readonly #threadId: number;
  readonly #use: "read" | "write";
  /** The descriptor that was taken away; undefined before, null when somebody else was quicker and has its number. */
  #taken: number | null | undefined;

  constructor(threadId: number, use: "read" | "write") {
    this.#threadId = threadId;
    this.#use = use;
  }

  /** To be called again and again until the thread has ended; nothing happens while it is not stuck. */
  wake(): void {
    const fd = awaitedDescriptor(this.#threadId);
    if (fd === undefined) return;
    if (this.#taken === undefined) this.#taken = replace(fd, this.#use) ? fd : null;
    if (this.#taken === fd) sendNudge(this.#threadId);
  }
}

/** The pipe, socket or device that a thread of this process waits for in a system call right now. */
function awaitedDescriptor(threadId: number): number | undefined {
  try {
    // "running", or the number of the call and its arguments, the first of which is the descriptor.
    const [, first = ""] = readFileSync(`/proc/self/task/${threadId}/syscall`, "latin1").split(" ");
    const fd = Number.parseInt(first, 16);
    const stat = fstatSync(fd);
    return stat.isFIFO() || stat.isSocket() || stat.isCharacterDevice() ? fd : undefined;
  } catch {
    // The thread has ended, or what it waits for is no descriptor.
    return undefined;
  }
}

/** False when another thread was quicker and got the number for a file of its own: nobody may be sent there. */
function replace(fd: number, use: "read" | "write"): boolean {
  const opposite = use === "read" ? constants.O_WRONLY : constants.O_RDONLY;
  closeSync(fd);
  const others: number[] = [];
  let got = openSync("/dev/null", opposite);
  for (; got < fd; got = openSync("/dev/null", opposite)) others.push(got);
  if (got > fd) others.push(got);
  for (const other of others) closeSync(other);
  return got === fd;
}

function sendNudge(threadId: number): void {
  // A signal that nobody listens for is thrown away, and the call goes on undisturbed.
  if (process.listenerCount(nudge) === 0) process.on(nudge, () => {});
  try {
    process.kill(threadId, nudge);
  } catch {
    // It has ended meanwhile.
  }
}
