/** What the operating system refuses, as Node tells it: by a code that stays, never by its words. */
import type { ErrorCode } from "./error-codes.js";

/** An error of the operating system as Node gives it: a code, the call and mostly the path. */
export interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: unknown;
}

export function isSystemError(error: unknown): error is SystemError {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return error instanceof Error && typeof code === "string" && typeof syscall === "string";
}

interface Refusal {
  readonly code: ErrorCode;
  /** What the user can do about it wherever it happens, where there is one remedy. */
  readonly remedy?: string;
}

const refusals: ReadonlyMap<string, Refusal> = new Map<string, Refusal>([
  ["ENOENT", { code: "no-such-file", remedy: "Check the path: something on it is not there." }],
  ["ENOTDIR", { code: "wrong-kind-of-file", remedy: "Check the path: something on it is a file and not a folder." }],
  ["EISDIR", { code: "wrong-kind-of-file", remedy: "Name a file: this is a folder." }],
  ["EEXIST", { code: "exists-already", remedy: "Choose another name: this one is taken." }],
  ["ENAMETOOLONG", { code: "bad-name", remedy: "Choose a shorter name." }],
  ["ELOOP", { code: "bad-name", remedy: "Check the symbolic links on the path: they lead in a circle." }],
  ["EACCES", { code: "no-permission", remedy: "Check who owns it and who may read or write it." }],
  ["EPERM", { code: "no-permission", remedy: "Check who owns it and who may read or write it." }],
  ["EROFS", { code: "no-permission", remedy: "Choose another disk: this one is read-only." }],
  ["ENOSPC", { code: "disk-full", remedy: "Make room or choose another disk." }],
  ["EDQUOT", { code: "disk-full", remedy: "Make room or choose another disk: your share of this one is used up." }],
  ["EFBIG", { code: "disk-full", remedy: "Choose another disk, or raise the limit on the size of files." }],
  ["EMFILE", { code: "too-many-open-files", remedy: "Raise the limit on open files (ulimit -n)." }],
  [
    "ENFILE",
    { code: "too-many-open-files", remedy: "Close other programs: the system has no more open files to give." },
  ],
  ["ENOMEM", { code: "not-enough-memory", remedy: "Close other programs: the system has no memory left." }],
  ["EIO", { code: "io-failed", remedy: "Check the disk or the device: it failed." }],
  ["ECONNREFUSED", { code: "no-peer" }],
  ["ECONNRESET", { code: "no-peer" }],
  ["EPIPE", { code: "no-peer" }],
  ["EADDRINUSE", { code: "in-use" }],
]);

/** What it means and what can be done when the system says `code`. */
export function systemRefusal(code: string): Required<Refusal> {
  return { remedy: "The operating system refused it.", ...(refusals.get(code) ?? { code: "io-failed" }) };
}
