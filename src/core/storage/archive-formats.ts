/**
 * Formats that `mote verify` checks and `mote recover` gets back, one entry each. A format's verifier and salvager are
 * files of their own in `verify/` and `recover/`, loaded when a file needs them; to add a format, write them and add an entry.
 */
import { closeSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { refusal } from "../errors.js";
import { explained } from "../imaging/explained.js";
import { openFile } from "./bounded-file.js";
import { isJournalName, journalName, journalsAt } from "./formats/jxl/journal.js";
import { isTiffJournal, singleTiffs, tiffJournalsAt } from "./formats/tiff/folder-journal.js";
import { isZarrStore } from "./formats/zarr/is-zarr-store.js";
import { extensionOf } from "./frame-store.js";
import type { Recover } from "./recover/recovery.js";
import type { Verify } from "./verify/verification.js";

/** What a path looks like before it is opened as anything. */
export interface Appearance {
  readonly path: string;
  readonly isFolder: boolean;
  /** Lower case, with its dot; ".ome.tif" is one. */
  readonly extension: string;
  /** The first 16 bytes of a file, fewer of a shorter one; none of a folder. */
  readonly head: Uint8Array;
}

export interface ArchiveFormat {
  /** In reports: "frame stream". */
  readonly name: string;
  /** By its name: the first format that answers true has the file, however damaged it is. */
  isNamed(file: Appearance): boolean;
  /** By its content, asked when no format knows the name. */
  isContained(file: Appearance): boolean;
  /** Loads the verifier. */
  verify(): Promise<Verify>;
  /** Where the locks of those who write it are; absent: beside the path itself. */
  locked?(path: string): readonly string[];
  /** Loads the salvager; absent where there is nothing to do beyond verifying. */
  recover?(): Promise<Recover>;
}

function startsWith(head: Uint8Array, bytes: readonly number[], at = 0): boolean {
  return bytes.every((byte, i) => head[at + i] === byte);
}

const mote: ArchiveFormat = {
  name: "frame stream",
  isNamed: ({ isFolder, extension }) => !isFolder && extension === ".mote",
  isContained: ({ head }) => startsWith(head, [0x4d, 0x4f, 0x54, 0x45], 1),
  verify: async () => (await import("./formats/mote/verify.js")).verifyMote,
  recover: async () => (await import("./formats/mote/recover.js")).recoverMote,
};

const hdf5: ArchiveFormat = {
  name: "HDF5",
  isNamed: ({ isFolder, extension }) => !isFolder && [".h5", ".hdf5", ".hdf"].includes(extension),
  isContained: ({ head }) => startsWith(head, [0x89, 0x48, 0x44, 0x46]),
  verify: async () => (await import("./formats/h5/verify.js")).verifyH5,
  recover: async () => (await import("./formats/h5/recover.js")).recoverH5,
};

const tiffExtensions = [".tif", ".tiff", ".ome.tif", ".ome.tiff", ".btf", ".tf8"];
const tiff: ArchiveFormat = {
  name: "TIFF",
  isNamed: ({ isFolder, extension }) => !isFolder && tiffExtensions.includes(extension),
  isContained: ({ head }) =>
    startsWith(head, [0x49, 0x49, 42, 0]) ||
    startsWith(head, [0x49, 0x49, 43, 0]) ||
    startsWith(head, [0x4d, 0x4d, 0, 42]) ||
    startsWith(head, [0x4d, 0x4d, 0, 43]),
  verify: async () => (await import("./formats/tiff/verify.js")).verifyTiff,
  recover: async () => (await import("./formats/tiff/recover.js")).recoverTiff,
};

const frameFolder: ArchiveFormat = {
  name: "folder of JPEG XL frames",
  isNamed: hasJournal,
  locked: (path) => {
    const { folder, names } = journalsAt(path);
    return names.map((name) => join(folder, name));
  },
  isContained: ({ path, isFolder }) => isFolder && readdirSync(path).some((name) => /^[^.].*\.jxl$/is.test(name)),
  verify: async () => (await import("./formats/jxl/verify.js")).verifyFrameFolder,
  recover: async () => (await import("./formats/jxl/recover.js")).recoverFrameFolder,
};

const tiffFolder: ArchiveFormat = {
  name: "folder of TIFFs",
  isNamed: ({ path }) => tiffJournalsAt(path).length > 0,
  isContained: ({ path, isFolder }) => isFolder && singleTiffs(path).length > 0,
  locked: tiffJournalsAt,
  verify: async () => (await import("./formats/tiff/verify-folder.js")).verifyTiffFolder,
  recover: async () => (await import("./formats/tiff/recover-folder.js")).recoverTiffFolder,
};

const image: ArchiveFormat = {
  name: "image",
  isNamed: ({ isFolder, extension }) => !isFolder && [".jxl", ".png"].includes(extension),
  isContained: () => false,
  verify: async () => (await import("./formats/png/verify.js")).verifyImage,
};

const table: ArchiveFormat = {
  name: "table",
  isNamed: ({ isFolder, extension }) => !isFolder && [".csv", ".tsv", ".ndjson"].includes(extension),
  isContained: () => false,
  verify: async () => (await import("./table/verify.js")).verifyTable,
  recover: async () => (await import("./table/recover.js")).recoverTable,
};

const parquet: ArchiveFormat = {
  name: "Parquet",
  isNamed: ({ isFolder, extension }) => !isFolder && extension === ".parquet",
  isContained: ({ head }) => startsWith(head, [0x50, 0x41, 0x52, 0x31]),
  verify: async () => (await import("./formats/parquet/verify.js")).verifyParquet,
  recover: async () => (await import("./formats/parquet/recover.js")).recoverParquet,
};

const zarr: ArchiveFormat = {
  name: "Zarr",
  isNamed: ({ isFolder, extension }) => isFolder && [".zarr", ".ome.zarr"].includes(extension),
  isContained: ({ path, isFolder }) => isFolder && isZarrStore(path),
  verify: async () => (await import("./formats/zarr/verify.js")).verifyZarr,
  recover: async () => (await import("./formats/zarr/recover.js")).recoverZarr,
};

export const archiveFormats: readonly ArchiveFormat[] = [
  mote,
  hdf5,
  tiff,
  zarr,
  frameFolder,
  tiffFolder,
  image,
  table,
  parquet,
];

/** Looks at a path; a refusal when there is nothing that could be read. */
function appearanceOf(where: string, path: string): Appearance {
  const name = path.replace(/[/\\]+$/, "") || path;
  try {
    if (statSync(path).isDirectory()) {
      return { path, isFolder: true, extension: extensionOf(name), head: new Uint8Array(0) };
    }
    const fd = openFile(path);
    try {
      const bytes = new Uint8Array(16);
      return { path, isFolder: false, extension: extensionOf(name), head: bytes.subarray(0, readSync(fd, bytes)) };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw explained(where, error, refusal);
  }
}

/** The format of a file or folder: by its name, else by its first bytes; a refusal when it is none that is known. */
export function formatOf(where: string, path: string): ArchiveFormat {
  const file = appearanceOf(where, path);
  const named = archiveFormats.filter((format) => format.isNamed(file));
  if (named.length > 1 && file.isFolder) {
    const journals = named.flatMap((format) => format.locked?.(path) ?? []);
    throw refusal(
      where,
      `holds the files of several runs: a ${named.map(({ name }) => name).join(" and a ")}`,
      `Name their journals, one after the other: ${journals.slice(0, 8).join(", ")}`,
    );
  }
  const found = named[0] ?? archiveFormats.find((format) => format.isContained(file));
  if (found) return found;
  throw refusal(
    where,
    file.isFolder ? `the folder has no ${journalName} and is no archive` : "is no archive that Mote knows",
    `Known are ${archiveFormats.map((format) => format.name).join(", ")}.`,
  );
}

/** True for a folder that `compress` wrote, and for the journal of a run in it. */
function hasJournal({ path }: Appearance): boolean {
  return journalsAt(path).names.length > 0;
}

/** "run.recovered.mote" for "run.mote", "jxl.recovered" for a folder: where a recovery goes when nobody says. */
export function recoveredName(path: string): string {
  const name = path.replace(/[/\\]+$/, "") || path;
  // The journal of one run stands for a folder.
  if (isJournalName(basename(name)) || isTiffJournal(basename(name))) {
    return `${name.replace(/(\.tiffs)?\.ndjson$/, "")}.recovered`;
  }
  const extension = /(?<=[^/\\])(\.ome)?\.[^./\\]+$/i.exec(name)?.[0] ?? "";
  return `${name.slice(0, name.length - extension.length)}.recovered${extension}`;
}
