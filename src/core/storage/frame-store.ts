/** Containers that frames and detections are archived in: what every one can do, and which file name means which. */
import { statSync } from "node:fs";
import { basename, extname } from "node:path";
import { type MoteError, type Problem, refusal } from "../errors.js";
import type { Frame } from "../memory/frame.js";
import type { SlotGeometry } from "../memory/slot-layout.js";
import type { StreamDescriptor } from "../model/descriptor.js";
import type { StreamEvent } from "../model/event.js";
import type { EndOfStream } from "../model/run-report.js";
import { nearestName } from "../option/names.js";
import type { Replaceable } from "./claim/replaceable.js";
import type { CsvSettings } from "./formats/csv/csv-options.js";
import type { Hdf5Settings } from "./formats/h5/h5-options.js";
import type { TiffNames } from "./formats/tiff/folder-options.js";
import type { TiffSettings } from "./formats/tiff/tiff-options.js";
import type { ZarrSettings } from "./formats/zarr/zarr-options.js";

/**
 * An open container. What `append` has taken is in the operating system's hands when it returns, so a process that is
 * killed afterwards leaves it readable. A failed append leaves the file as it was after the append before, and may be tried
 * again.
 */
export interface FrameStore {
  /** Frames stored so far. */
  readonly frames: number;
  /** Detections stored so far. */
  readonly rows: number;
  /** Where it is, when that is not where it was asked for. */
  readonly path?: string | undefined;
  /** The files written so far, where the one that was asked for is split. */
  readonly parts?: readonly string[] | undefined;
  /** Bytes stored so far, by containers that are no single file. */
  readonly bytes?: number | undefined;
  /** Stores one frame and its detections; throws a failure naming the file when the disk refuses. The frame is the store's until it returns. */
  append(frame: Frame): void | Promise<void>;
  /**
   * Stores the detections of a frame whose pixels are given up, as on a disk that is nearly full, and notes in the file that
   * they are missing; absent where detections have no place without pixels. May come when the append before has failed.
   */
  appendDetections?(frame: Frame): void | Promise<void>;
  /** Takes what happened between frames; containers without a place for it ignore it. */
  event(event: StreamEvent): void;
  /**
   * Ends the container, synced to the disk: with the stream's totals (`notStored` above 0: the file is not complete), or
   * with null after a failure, when the file keeps what it has and is removed if it has nothing. Called once.
   */
  close(end: EndOfStream | null): void | Promise<void>;
}

export interface StoreRequest {
  /** The file; nothing has that name. */
  readonly path: string;
  /** The name it will have where that is another one, for what is written about it inside. */
  readonly name?: string;
  /** For complaints: "archive, --out run.h5". */
  readonly where: string;
  readonly descriptor: StreamDescriptor;
  readonly geometry: SlotGeometry;
  /** Threads that compress, where a container can use several; 1 when it is not given. */
  readonly workers?: number;
  /** A sentence for the user that does not end the run. */
  warn?(text: string): void;
  /** What was asked of each container; one that is not given has its defaults. */
  readonly settings?: StoreSettings;
}

/** What the file is called once it is complete, without a slash at its end. */
export function nameOf({ path, name = path }: Pick<StoreRequest, "path" | "name">): string {
  return name.replace(/\/+$/, "");
}

export interface StoreSettings {
  readonly hdf5?: Hdf5Settings;
  readonly tiff?: TiffSettings;
  readonly zarr?: ZarrSettings;
  readonly csv?: CsvSettings;
  /** How the files of a folder of TIFFs are called. */
  readonly tiffNames?: TiffNames;
}

export interface Container {
  /** What it is, for the documentation. */
  readonly summary: string;
  /** Keeps pixels; one that does not asks for detections. */
  readonly keepsFrames: boolean;
  /** Keeps pixels only: a stream without them has nothing for it. */
  readonly keepsFramesOnly?: boolean;
  /** Is nothing without pixels, but keeps detections beside them. */
  readonly needsFrames?: boolean;
  /** Is a folder of files, of the kind that a Zarr store is. */
  readonly isZarr?: boolean;
  /** What its files are for the owner of names; absent: one file of that name. */
  kind?(settings: StoreSettings | undefined): Promise<Replaceable>;
  /** Present where it is a folder: what speaks against writing there, looked at before anything is opened. */
  folderProblem?(request: Pick<StoreRequest, "path" | "where" | "settings">): Promise<Problem | undefined>;
  /** Loads the container's module, and only then its libraries. */
  load(): Promise<(request: StoreRequest) => FrameStore | Promise<FrameStore>>;
}

const tiff: Container = {
  summary: "TIFF: one page a frame",
  keepsFrames: true,
  keepsFramesOnly: true,
  load: async () => (await import("./formats/tiff/tiff-store.js")).openTiffStore,
};
const omeTiff: Container = { ...tiff, summary: "OME-TIFF: one page a frame, with OME-XML" };

const zarr: Container = {
  summary: "OME-Zarr: a folder with frames, tracks, metadata and the ledger",
  keepsFrames: true,
  needsFrames: true,
  isZarr: true,
  kind: async () => (await import("./formats/zarr/own-files.js")).zarrStore,
  load: async () => (await import("./formats/zarr/zarr-store.js")).openZarrStore,
};

/** What a name that ends in / stands for. */
const tiffFolder: Container = {
  summary: "a folder of TIFFs, one file a frame",
  keepsFrames: true,
  keepsFramesOnly: true,
  folderProblem: async (request) => {
    const { tiffFolderProblem } = await import("./formats/tiff/tiff-folder.js");
    return tiffFolderProblem({ ...request, folder: request.path, names: request.settings!.tiffNames! });
  },
  load: async () => {
    const { openTiffFolder } = await import("./formats/tiff/tiff-folder.js");
    return ({ path, settings, ...request }) => {
      const { tiff: plain, tiffNames } = settings!;
      return openTiffFolder({ ...request, folder: path, names: tiffNames!, ...(plain && { settings: plain }) });
    };
  },
};

/** True for a name that says it is a folder, and that no extension makes a container of its own. */
export function isTiffFolder(path: string): boolean {
  return /[/\\]$/.test(path) && !containers[extensionOf(path)]?.isZarr;
}

/** True for a folder that is there and that no extension makes a container of its own. */
export function isPlainFolder(path: string): boolean {
  return (
    containers[extensionOf(path)] === undefined && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  );
}

/** By file name extension. */
export const containers: Readonly<Record<string, Container>> = {
  ".csv": {
    summary: "one line a detection",
    keepsFrames: false,
    load: async () => (await import("./formats/csv/csv-store.js")).openCsvStore,
  },
  ".h5": {
    summary: "HDF5: frames, tracks, metadata and the ledger",
    keepsFrames: true,
    async kind(settings) {
      if (!settings?.hdf5?.split) return (await import("./claim/single-file.js")).singleFile;
      return (await import("./formats/h5/segment-names.js")).h5Segments;
    },
    load: async () => (await import("./formats/h5/h5-store.js")).openH5Store,
  },
  ".mote": {
    summary: "the frame stream as it came, with checksums and an index",
    keepsFrames: true,
    load: async () => (await import("./formats/mote/mote-store.js")).openMoteStore,
  },
  ".ndjson": {
    summary: "one JSON document a line: start, descriptor, an event a frame, stop",
    keepsFrames: false,
    load: async () => (await import("./formats/ndjson/ndjson-store.js")).openNdjsonStore,
  },
  ".parquet": {
    summary: "Parquet: one row a detection, the columns of the .csv",
    keepsFrames: false,
    load: async () => (await import("./formats/parquet/parquet-store.js")).openParquetStore,
  },
  ".tif": tiff,
  ".tiff": tiff,
  ".ome.tif": omeTiff,
  ".ome.tiff": omeTiff,
  ".zarr": zarr,
  ".ome.zarr": zarr,
};

/** The extension that decides, lower case: ".h5" of "Run 7.H5"; of ".h5" alone too; ".ome.tif" is one. */
export function extensionOf(path: string): string {
  const name = basename(path).toLowerCase();
  const double = /\.ome\.(tiff?|zarr)$/.exec(name);
  if (double) return double[0];
  return extname(name) || (name.startsWith(".") ? name : "");
}

/** The container a file name stands for (".tif/" under --root: a folder's files); a refusal lists the known ones and the nearest. */
export function containerFor(where: string, path: string): Container {
  const extension = extensionOf(path);
  const container = containers[extension];
  if (isTiffFolder(path)) {
    if (!container || (container.keepsFramesOnly && path.toLowerCase() === `${extension}/`)) return tiffFolder;
    const hint = `Leave the / away for a ${extension} file; a folder of TIFFs needs another name.`;
    throw refusal(where, `ends in ${extension} and in /: a file or a folder?`, hint);
  }
  if (container) return container;
  throw unknownExtension(where, extension);
}

function unknownExtension(where: string, extension: string): MoteError {
  const known = Object.keys(containers);
  const nearest = extension === ".hdf5" || extension === ".hdf" ? ".h5" : nearestName(extension, known);
  return refusal(
    where,
    `expected a file name ending in ${known.slice(0, -1).join(", ")} or ${known.at(-1)}, got ${extension || "no extension"}`,
    nearest
      ? `Did you mean ${nearest}?`
      : "The extension decides what is written; a name that ends in / is a folder of TIFFs, one file a frame.",
  );
}
