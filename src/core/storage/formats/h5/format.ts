import { type Format, startsWith } from "../format.js";
import type { Hdf5Settings } from "./h5-options.js";

export const h5: Format = {
  name: "HDF5",
  isNamed: ({ isFolder, extension }) => !isFolder && [".h5", ".hdf5", ".hdf"].includes(extension),
  isContained: ({ head }) => startsWith(head, [0x89, 0x48, 0x44, 0x46]),
  containers: {
    ".h5": {
      summary: "HDF5: frames, tracks, metadata and the ledger",
      keepsFrames: true,
      rootStem: "tracking_run",
      choices: [async () => (await import("./h5-options.js")).h5Choices],
      async kind(settings) {
        const { split } = (settings?.hdf5 ?? {}) as Partial<Hdf5Settings>;
        if (!split) return (await import("../../claim/single-file.js")).singleFile;
        return (await import("./segment-names.js")).h5Segments;
      },
      load: async () => (await import("./h5-store.js")).openH5Store,
    },
  },
  replay: {
    extensions: [".h5", ".hdf5"],
    hasDatasets: true,
    load: async () => (await import("./read.js")).h5File,
  },
  isConfined: true,
  inspect: async () => (await import("./inspect.js")).h5Inspector,
  parts: async (path) => (await import("./segment-names.js")).partsOf(path),
  verify: async () => (await import("./verify.js")).verifyH5,
  recover: async () => (await import("./recover.js")).recoverH5,
};
