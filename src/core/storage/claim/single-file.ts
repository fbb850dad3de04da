/** A file of its own as something that is replaced: by the new one's taking its name, in one step. */
import { chmodSync, lstatSync, statSync } from "node:fs";
import { moveOwn, removeOwnFile } from "./removal.js";
import type { Refused, Replaceable } from "./replaceable.js";

/** `instead`: what to do where the name is that of a pipe or a device, a sentence. */
export const singleFileOr = (instead: string): Replaceable => ({
  isThere: (path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined,
  refused(path, isForced): Refused | undefined {
    const there = statSync(path, { throwIfNoEntry: false });
    if (!there)
      return {
        code: "no-such-file",
        what: "is a link to a file that is not there",
        hint: "Make that file's folder, or name it.",
      };
    if (there.isDirectory()) return { code: "wrong-kind-of-file", what: "is a folder", hint: "Name a file in it." };
    if (!there.isFile()) return { code: "wrong-kind-of-file", what: "is not a regular file", hint: instead };
    return isForced
      ? undefined
      : { code: "exists-already", what: "exists already", hint: "Choose another name, or --force to replace it." };
  },
  replace(path, growing) {
    // Who may read the old one may read the new one.
    chmodSync(growing, statSync(path).mode & 0o777);
    moveOwn(growing, path);
  },
  remove: removeOwnFile,
});

export const singleFile = singleFileOr("Use --output for pipes and devices.");
