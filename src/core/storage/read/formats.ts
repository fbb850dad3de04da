/** The image formats that can be replayed, by extension; each is loaded when a file needs it. */
import type { ImageFile } from "../../imaging/image-file.js";
import type { FrameShape } from "../../model/descriptor.js";
import type { PixelFormat } from "../../model/pixel-format.js";
import { isZarrStore } from "../zarr/store-folder.js";

/** What a headerless file does not say. */
export interface RawLayout {
  readonly shape: FrameShape;
  readonly pixelFormat: PixelFormat;
}

export interface ImageFormat {
  /** Opens a file and reads its headers; throws a FormatProblem, or the system's error. The caller closes it. */
  open(path: string, layout?: RawLayout): Promise<ImageFile>;
}

const tiff = async () => (await import("./tiff-file.js")).tiffFile;
const png = async () => (await import("./png-file.js")).pngFile;
const jxl = async () => (await import("./jxl-file.js")).jxlFile;
const raw = async () => (await import("./raw-file.js")).rawFile;

const zarr = async () => (await import("./zarr-file.js")).zarrFile;
const mote = async () => (await import("./mote-file.js")).moteFile;

/** `.h5` recordings join here, with a reader that gives an ImageFile. */
const registry: ReadonlyMap<string, () => Promise<ImageFormat>> = new Map([
  [".tif", tiff],
  [".tiff", tiff],
  [".btf", tiff],
  [".tf8", tiff],
  [".png", png],
  [".jxl", jxl],
  [".mote", mote],
  [".zarr", zarr],
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

/** Opens a file by its extension, or as headerless when the extension is not known and a layout was given. */
export async function openImageFile(path: string, layout?: RawLayout): Promise<ImageFile> {
  const load = isZarrStore(path) ? zarr : (registry.get(extensionOf(path)) ?? raw);
  return await (await load()).open(path, layout);
}
