import { type Format, startsWith } from "../format.js";

export const parquet: Format = {
  name: "Parquet",
  isNamed: ({ isFolder, extension }) => !isFolder && extension === ".parquet",
  isContained: ({ head }) => startsWith(head, [0x50, 0x41, 0x52, 0x31]),
  containers: {
    ".parquet": {
      summary: "Parquet: one row a detection, the columns of the .csv",
      keepsFrames: false,
      closedOnly: () => "its rows are durable once its footer is written, at the close",
      load: async () => (await import("./parquet-store.js")).openParquetStore,
    },
  },
  tables: {
    extensions: [".parquet"],
    open: async () => (await import("./parquet-table.js")).openParquetTable,
    ofText: async () => (await import("./parquet-of-text.js")).parquetOfText,
  },
  async inspect() {
    const [{ tableInspector }, { describeParquet }] = await Promise.all([
      import("../../inspect/table.js"),
      import("./describe.js"),
    ]);
    return tableInspector(describeParquet, "table, Parquet");
  },
  verify: async () => (await import("./verify.js")).verifyParquet,
  recover: async () => (await import("./recover.js")).recoverParquet,
};
