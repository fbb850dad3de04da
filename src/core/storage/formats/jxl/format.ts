import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Format } from "../format.js";
import { isJournalName, journalsAt } from "./journal-names.js";

/** What `compress` writes: a file a frame, and the journal of each run. */
export const jxlFolder: Format = {
  name: "folder of JPEG XL frames",
  isNamed: ({ path }) => journalsAt(path).names.length > 0,
  isContained: ({ path, isFolder }) => isFolder && readdirSync(path).some((name) => /^[^.].*\.jxl$/is.test(name)),
  locked: (path) => {
    const { folder, names } = journalsAt(path);
    return names.map((name) => join(folder, name));
  },
  recoveredStem: (path) => (isJournalName(basename(path)) ? path.replace(/\.ndjson$/, "") : undefined),
  compression: async () => (await import("./compress-options.js")).jxlCompression,
  verify: async () => (await import("./verify.js")).verifyFrameFolder,
  recover: async () => (await import("./recover.js")).recoverFrameFolder,
};

/** One frame's file by itself. */
export const jxl: Format = {
  name: "image",
  isNamed: ({ isFolder, extension }) => !isFolder && extension === ".jxl",
  isContained: () => false,
  replay: { extensions: [".jxl"], load: async () => (await import("./read.js")).jxlFile },
  async verify() {
    const [{ imageVerifier }, { jxlFile }] = await Promise.all([import("../../verify/image.js"), import("./read.js")]);
    return imageVerifier(jxlFile, { hasChecksums: false });
  },
};
