import { basename } from "node:path";
import { type Container, type Format, type LoadChoices, startsWith } from "../format.js";
import type { TiffNames } from "./folder-options.js";
import { ending, isTiffJournal, singleTiffs, tiffExtensions, tiffJournalsAt } from "./journal-names.js";
import type { TiffSettings } from "./tiff-options.js";

const pages: LoadChoices = async () => (await import("./tiff-options.js")).tiffChoices;
const names: LoadChoices = async () => (await import("./folder-options.js")).tiffFolderChoices;

const plain: Container = {
  summary: "TIFF: one page a frame",
  keepsFrames: true,
  keepsFramesOnly: true,
  choices: [pages],
  load: async () => (await import("./tiff-store.js")).openTiffStore,
};
const ome: Container = { ...plain, summary: "OME-TIFF: one page a frame, with OME-XML" };

const written = { ".tif": plain, ".tiff": plain, ".ome.tif": ome, ".ome.tiff": ome };
/** What other programs call a BigTIFF. */
const bigTiff = [".btf", ".tf8"];

export const tiff: Format = {
  name: "TIFF",
  isNamed: ({ isFolder, extension }) => !isFolder && (Object.hasOwn(written, extension) || bigTiff.includes(extension)),
  isContained: ({ head }) =>
    startsWith(head, [0x49, 0x49, 42, 0]) ||
    startsWith(head, [0x49, 0x49, 43, 0]) ||
    startsWith(head, [0x4d, 0x4d, 0, 42]) ||
    startsWith(head, [0x4d, 0x4d, 0, 43]),
  containers: written,
  replay: {
    extensions: [...tiffExtensions, ...bigTiff],
    load: async () => (await import("./read.js")).tiffFile,
  },
  verify: async () => (await import("./verify.js")).verifyTiff,
  recover: async () => (await import("./recover.js")).recoverTiff,
};

export const tiffFolder: Format = {
  name: "folder of TIFFs",
  isNamed: ({ path }) => tiffJournalsAt(path).length > 0,
  isContained: ({ path, isFolder }) => isFolder && singleTiffs(path).length > 0,
  locked: tiffJournalsAt,
  recoveredStem: (path) => (isTiffJournal(basename(path)) ? path.slice(0, -ending.length) : undefined),
  folder: {
    summary: "a folder of TIFFs, one file a frame",
    keepsFrames: true,
    keepsFramesOnly: true,
    choices: [pages, names],
    numbered: (settings, run) => ({ ...settings, tiffNames: { ...settings.tiffNames, run } }),
    folderProblem: async (request) => {
      const { tiffFolderProblem } = await import("./tiff-folder.js");
      const { tiffNames } = request.settings as { tiffNames: TiffNames };
      return tiffFolderProblem({ ...request, folder: request.path, names: tiffNames });
    },
    load: async () => {
      const { openTiffFolder } = await import("./tiff-folder.js");
      return ({ path, settings, ...request }) => {
        const { tiff: plain, tiffNames } = settings as { tiff?: TiffSettings; tiffNames: TiffNames };
        return openTiffFolder({ ...request, folder: path, names: tiffNames, ...(plain && { settings: plain }) });
      };
    },
  },
  verify: async () => (await import("./verify-folder.js")).verifyTiffFolder,
  recover: async () => (await import("./recover-folder.js")).recoverTiffFolder,
};
