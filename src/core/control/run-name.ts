/** What a run is called by those who speak to it, and the name of its socket. */
import { basename, extname } from "node:path";

const ending = ".sock";
const mostNameLength = 64;
const allowed = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

export const runNameExpected = `up to ${mostNameLength} letters, digits, dots, - and _, and not digits alone`;

/** Whether a run may be called so: a name that cannot be taken for a process id or a path. */
export function isRunName(name: string): boolean {
  return name.length <= mostNameLength && allowed.test(name) && !/^\d+$/.test(name);
}

/** The name of a run that was given none: its run file's, else that of its stage. */
export function nameFrom(what: string): string {
  const plain = basename(what, extname(what)).replace(/[^A-Za-z0-9._-]+/g, "-");
  const short = plain.replace(/^[^A-Za-z0-9_]+/, "").slice(0, mostNameLength - "run-".length);
  return isRunName(short) ? short : `run-${short}`;
}

/** The `count`-th run of a name: "track", "track-2". */
export function numbered(name: string, count: number): string {
  const mark = count === 1 ? "" : `-${count}`;
  return name.slice(0, mostNameLength - mark.length) + mark;
}

export function socketName(name: string): string {
  return name + ending;
}

/** The name of the run whose socket is called so; undefined for other files. */
export function nameOfSocket(file: string): string | undefined {
  const name = file.endsWith(ending) ? file.slice(0, -ending.length) : "";
  return isRunName(name) ? name : undefined;
}
