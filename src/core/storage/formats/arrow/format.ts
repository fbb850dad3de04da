import { type Container, type Format, startsWith } from "../format.js";

/** "ARROW1" of a file; of a stream the mark in front of a message, and a schema of less than 16 MiB. */
const magic = [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31] as const;
const extensions = [".arrow", ".feather", ".arrows"];

function container(summary: string, isFile: boolean): Container {
  return {
    summary: `Arrow IPC, ${summary}: one row a detection, or a frame where there are none`,
    keepsFrames: true,
    keepsNotes: true,
    isEither: true,
    rootStem: "rows_run",
    ...(!isFile && { stream: { name: "arrow", isText: false } }),
    load: async () => (await import("./arrow-store.js")).arrowStore(isFile),
  };
}

/** Apache Arrow. */
export const arrow: Format = {
  name: "Arrow",
  isNamed: ({ isFolder, extension }) => !isFolder && extensions.includes(extension),
  isContained: ({ head }) =>
    startsWith(head, magic) || (startsWith(head, [0xff, 0xff, 0xff, 0xff]) && head[7] === 0 && head.length === 16),
  containers: {
    ".arrow": container("a file", true),
    ".feather": container("a file", true),
    ".arrows": container("a stream", false),
  },
  tables: {
    extensions,
    open: async () => (await import("./table.js")).openArrowTable,
    ofText: async (extension) => (await import("./arrow-of-text.js")).arrowOfText(extension !== ".arrows"),
  },
  replay: { extensions, load: async () => (await import("./read.js")).arrowFile },
  // A damaged description may have it count to two thousand million.
  isConfined: true,
  inspect: async () => (await import("./inspect.js")).arrowInspector,
  verify: async () => (await import("./verify.js")).verifyArrow,
  recover: async () => (await import("./recover.js")).recoverArrow,
};
