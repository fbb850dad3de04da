import { type Format, startsWith } from "../../../src/core/storage/formats/format.js";

/** Images as Netpbm has them (pgm(5)), one behind the other. */
export const pgm: Format = {
  name: "PGM",
  isNamed: ({ isFolder, extension }) => !isFolder && extension === ".pgm",
  isContained: ({ head }) => startsWith(head, [0x50, 0x35]),
  containers: {
    ".pgm": {
      summary: "PGM: one image a frame",
      keepsFrames: true,
      keepsFramesOnly: true,
      stream: { name: "pgm", isText: false },
      choices: [async () => (await import("./pgm-options.js")).pgmChoices],
      load: async () => (await import("./pgm-store.js")).openPgmStore,
    },
  },
  replay: { extensions: [".pgm"], load: async () => (await import("./read.js")).pgmFile },
  verify: async () => (await import("./verify.js")).verifyPgm,
};
