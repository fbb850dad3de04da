import { basename, extname } from "node:path";

/** The extension that decides, lower case: ".h5" of "Run 7.H5"; of ".h5" alone too; ".ome.tif" is one. */
export function extensionOf(path: string): string {
  const name = basename(path).toLowerCase();
  const double = /\.ome\.(tiff?|zarr)$/.exec(name);
  if (double) return double[0];
  return extname(name) || (name.startsWith(".") ? name : "");
}
