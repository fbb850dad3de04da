/** Names that a file gives for others beside it: they stay inside the folder, or are refused. */
import { realpathSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { FormatProblem } from "../format-problem.js";

const outsideHint = "Whoever made it wants a file read that is not part of it.";

/**
 * The path of `name`, as metadata has it with slashes, in `folder`; it need not be there. Throws a FormatProblem when it leads
 * out of the folder: absolute, with `..`, or over a symbolic link; and the system's error when that cannot be found out.
 */
export function insideFolder(folder: string, name: string): string {
  const told = JSON.stringify(name.slice(0, 200));
  if (name.includes("\0")) throw new FormatProblem("file-damaged", `names ${told}, which is no name of a file`);
  const path = join(folder, name);
  if (isAbsolute(name) || isOutside(relative(folder, path))) {
    throw new FormatProblem("file-damaged", `names ${told}, which is outside of it`, undefined, outsideHint);
  }
  const real = realOrUndefined(path);
  if (real !== undefined && isOutside(relative(realpathSync.native(folder), real))) {
    throw new FormatProblem(
      "file-damaged",
      `has ${told} lead to ${real}, which is outside of it`,
      undefined,
      outsideHint,
    );
  }
  return path;
}

function isOutside(way: string): boolean {
  return way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way);
}

/** Undefined when nothing is there. */
function realOrUndefined(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
