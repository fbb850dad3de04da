/** The formats, one line each; where two know a name, the first has the file: a journal is no table of documents. */
import { arrow } from "./arrow/format.js";
import type { Compression } from "./compression.js";
import { csv } from "./csv/format.js";
import type { Format, ImageFormat } from "./format.js";
import { h5 } from "./h5/format.js";
import { jxl, jxlFolder } from "./jxl/format.js";
import { mote } from "./mote/format.js";
import { ndjson } from "./ndjson/format.js";
import { parquet } from "./parquet/format.js";
import { png } from "./png/format.js";
import { tiff, tiffFolder } from "./tiff/format.js";
import { zarr } from "./zarr/format.js";

/** What has no header, when its layout was given. */
export const headerless = async (): Promise<ImageFormat> => (await import("./raw/read.js")).rawFile;

const all: Format[] = [jxlFolder, tiffFolder, csv, h5, mote, ndjson, parquet, arrow, tiff, zarr, jxl, png];

export const formats: readonly Format[] = all;

/** Adds a format of a program that uses Mote as a library, in this thread; before anything asks what there is. */
export function register(format: Format): void {
  all.push(format);
}

/** What `compress` writes. */
export const compression = async (): Promise<Compression> =>
  formats.find((format) => format.compression)!.compression!();
