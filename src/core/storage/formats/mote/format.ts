import { type Format, startsWith } from "../format.js";

/** The frame stream in a file (docs/frame-stream.md). */
export const mote: Format = {
  name: "frame stream",
  isNamed: ({ isFolder, extension }) => !isFolder && extension === ".mote",
  isContained: ({ head }) => startsWith(head, [0x4d, 0x4f, 0x54, 0x45], 1),
  containers: {
    ".mote": {
      summary: "the frame stream as it came, with checksums and an index",
      keepsFrames: true,
      keepsNotes: true,
      load: async () => (await import("./mote-store.js")).openMoteStore,
    },
  },
  replay: { extensions: [".mote"], load: async () => (await import("./read.js")).moteFile },
  inspect: async () => (await import("../../inspect/stream.js")).streamInspector,
  verify: async () => (await import("./verify.js")).verifyMote,
  recover: async () => (await import("./recover.js")).recoverMote,
};
