/** What speaks against a folder of runs, looked at before anything is made in it. */
import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "../../errors.js";
import { epochNow } from "../../time.js";
import { localDay } from "./run-number.js";

/** Today's folder may be missing; the root has to be there: a missing one is a typing error or a disk that is not mounted. */
export function rootProblem(where: string, root: string): Problem | undefined {
  const place = `${where}, --root ${root}`;
  const found = statSync(root, { throwIfNoEntry: false });
  if (!found) {
    return {
      code: "no-such-file",
      where: place,
      what: "there is no such folder",
      hint: `Mount its disk, or make it: mkdir -p ${root}`,
    };
  }
  const day = join(root, localDay(epochNow()));
  const today = statSync(day, { throwIfNoEntry: false });
  const folder = today ? day : root;
  if (!(today ?? found).isDirectory())
    return { code: "wrong-kind-of-file", where: place, what: `${folder} is not a folder` };
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    return {
      code: "no-permission",
      where: place,
      what: `the folder ${folder} cannot be written to`,
      hint: "Choose another folder.",
    };
  }
  return undefined;
}
