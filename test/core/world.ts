/** The world as stages look at it, without a command line: files are looked at on this thread. */
import { Held } from "../../src/core/held.js";
import type { World } from "../../src/core/pipeline/stage.js";
import { lookAtFiles } from "../../src/core/storage/read/look-at-files.js";

export const world: World = { lookAtFiles, holder: new Held() };
