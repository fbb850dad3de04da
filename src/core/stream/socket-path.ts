/** How long the path of a socket may be. */
import type { Problem } from "../errors.js";

/**
 * Bytes that a socket's address has room for, before the zero that ends it: `sun_path` of unix(7). Node 20 cuts a longer path
 * and reports success, so that the socket has another name than it was given.
 */
export const mostSocketPathBytes = process.platform === "linux" ? 107 : 103;

/** What is wrong with the path of a socket before anything listens there or connects; undefined when nothing is. */
export function socketPathProblem(where: string, path: string): Problem | undefined {
  const bytes = Buffer.byteLength(path);
  if (bytes === 0) {
    const hint = "As in unix:/run/user/1000/frames.sock";
    return { code: "bad-option", where, what: "names no socket: expected a path behind unix:", hint };
  }
  if (bytes <= mostSocketPathBytes) return undefined;
  return {
    code: "bad-option",
    where,
    what: `the path of a socket may have ${mostSocketPathBytes} bytes, this one has ${bytes}`,
    hint: "Choose a shorter one, or name it from within its folder: cd FOLDER, then unix:NAME.",
  };
}
