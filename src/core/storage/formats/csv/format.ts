import type { Format } from "../format.js";

/** Tables of lines. */
export const csv: Format = {
  name: "table",
  isNamed: ({ isFolder, extension }) => !isFolder && [".csv", ".tsv"].includes(extension),
  isContained: () => false,
  containers: {
    ".csv": {
      summary: "one line a detection",
      keepsFrames: false,
      choices: [async () => (await import("./csv-options.js")).csvChoices],
      stream: { name: "csv", isText: true },
      load: async () => (await import("./csv-store.js")).openCsvStore,
    },
  },
  async inspect() {
    const [{ tableInspector }, { describeCsv }] = await Promise.all([
      import("../../inspect/table.js"),
      import("./describe.js"),
    ]);
    return tableInspector(describeCsv, "table");
  },
  verify: async () => (await import("../../table/verify.js")).verifyTable,
  recover: async () => (await import("../../table/recover.js")).recoverTable,
};
