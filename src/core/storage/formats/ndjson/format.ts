import type { Format } from "../format.js";

/** Documents as Bluesky has them, one a line. */
export const ndjson: Format = {
  name: "table",
  isNamed: ({ isFolder, extension }) => !isFolder && extension === ".ndjson",
  isContained: () => false,
  containers: {
    ".ndjson": {
      summary: "one JSON document a line: start, descriptor, an event a frame, stop",
      keepsFrames: false,
      keepsNotes: true,
      stream: { name: "ndjson", isText: true },
      load: async () => (await import("./ndjson-store.js")).openNdjsonStore,
    },
  },
  async inspect() {
    const [{ tableInspector }, { describeNdjson }] = await Promise.all([
      import("../../inspect/table.js"),
      import("./describe-ndjson.js"),
    ]);
    return tableInspector(describeNdjson, "table, NDJSON documents");
  },
  verify: async () => (await import("../../table/verify.js")).verifyTable,
  recover: async () => (await import("../../table/recover.js")).recoverTable,
};
