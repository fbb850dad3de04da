/** The image formats that can be replayed, by extension; each is loaded when a file needs it. */
import { asDamage, decoding } from "../../decoding.js";
import type { ImageFile } from "../../imaging/image-file.js";
import type { FrameShape } from "../../model/descriptor.js";
import type { PixelFormat } from "../../model/pixel-format.js";
import { isZarrStore } from "../formats/zarr/is-zarr-store.js";

/** What a headerless file does not say. */
export interface RawLayout {
  readonly shape: FrameShape;
  readonly pixelFormat: PixelFormat;
}

export interface ImageFormat {
  /** Opens a file and reads its headers; throws a FormatProblem, or the system's error. The caller closes it. */
  open(path: string, layout?: RawLayout, dataset?: string): Promise<ImageFile>;
}

const tiff = async () => (await import("../formats/tiff/read.js")).tiffFile;
const png = async () => (await import("../formats/png/read.js")).pngFile;
const jxl = async () => (await import("../formats/jxl/read.js")).jxlFile;
const raw = async () => (await import("../formats/raw/read.js")).rawFile;

const zarr = async () => (await import("../formats/zarr/read.js")).zarrFile;
const mote = async () => (await import("../formats/mote/read.js")).moteFile;

const h5 = async () => (await import("../formats/h5/read.js")).h5File;

const registry: ReadonlyMap<string, () => Promise<ImageFormat>> = new Map([
  [".tif", tiff],
  [".tiff", tiff],
  [".btf", tiff],
  [".tf8", tiff],
  [".png", png],
  [".jxl", jxl],
  [".mote", mote],
  [".zarr", zarr],
  [".h5", h5],
  [".hdf5", h5],
]);

export const knownExtensions: readonly string[] = [...registry.keys()];

/** Lower-case extension with its dot; empty when there is none. A slash behind a folder's name is not part of it. */
export function extensionOf(path: string): string {
  return /\.[^./\\]+(?=[/\\]*$)/.exec(path)?.[0].toLowerCase() ?? "";
}

/** By the name, or for a folder by what is in it: one that holds a Zarr store counts as a file. */
export function isKnownFormat(path: string): boolean {
  return registry.has(extensionOf(path)) || isZarrStore(path);
}

/** Whether a file has datasets to choose from, by its name. */
export function hasDatasets(path: string): boolean {
  return registry.get(extensionOf(path)) === h5;
}

/**
 * Opens a file by its extension, or as headerless when the extension is not known and a layout was given. `dataset` is the
 * one that holds the frames of an HDF5 file.
 */
export async function openImageFile(path: string, layout?: RawLayout, dataset?: string): Promise<ImageFile> {
  const load = isZarrStore(path) ? zarr : (registry.get(extensionOf(path)) ?? raw);
  const format = await load();
  return guarded(await decoding(() => format.open(path, layout, dataset)));
}

/** What its decoder lacks a check for is said as damage of the file. */
function guarded(file: ImageFile): ImageFile {
  const { losses } = file;
  return {
    facts: file.facts,
    readFrame(index, pixels, region) {
      try {
        const place = file.readFrame(index, pixels, region);
        return place instanceof Promise ? place.catch(rethrow) : place;
      } catch (error) {
        return rethrow(error);
      }
    },
    ...(losses && {
      *losses(after: number, before: number) {
        try {
          yield* losses.call(file, after, before);
        } catch (error) {
          rethrow(error);
        }
      },
    }),
    close: () => file.close(),
  };
}

function rethrow(error: unknown): never {
  throw asDamage(error);
}
