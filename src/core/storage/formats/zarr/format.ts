import type { Container, Format } from "../format.js";
import { isZarrStore } from "./is-zarr-store.js";
import type { ZarrSettings } from "./zarr-options.js";

const store: Container = {
  summary: "OME-Zarr: a folder with frames, tracks, metadata and the ledger",
  keepsFrames: true,
  needsFrames: true,
  closedOnly(settings) {
    const { framesPerShard = 1 } = (settings?.zarr ?? {}) as Partial<ZarrSettings>;
    return framesPerShard > 1 ? "a shard that is being filled writes over its index" : undefined;
  },
  isFolder: true,
  choices: [async () => (await import("./zarr-options.js")).zarrChoices],
  kind: async () => (await import("./own-files.js")).zarrStore,
  load: async () => (await import("./zarr-store.js")).openZarrStore,
};

export const zarr: Format = {
  name: "Zarr",
  isNamed: ({ isFolder, extension }) => isFolder && [".zarr", ".ome.zarr"].includes(extension),
  isContained: ({ path, isFolder }) => isFolder && isZarrStore(path),
  containers: { ".zarr": store, ".ome.zarr": store },
  replay: {
    extensions: [".zarr"],
    isFolder: isZarrStore,
    load: async () => (await import("./read.js")).zarrFile,
  },
  inspect: async () => (await import("./inspect.js")).zarrInspector,
  verify: async () => (await import("./verify.js")).verifyZarr,
  recover: async () => (await import("./recover.js")).recoverZarr,
};
