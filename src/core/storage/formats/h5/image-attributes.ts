/** What is true of all pixels, as attributes of the dataset that holds them. */
import type { StreamDescriptor } from "../../../model/descriptor.js";
import type { H5Writer } from "./h5-writer.js";

/** element_size_um is z, y, x as ImageJ's and ilastik's readers take it. */
export function describeImages(
  file: H5Writer,
  path: string,
  { pixelSizeUm, bitDepth, rateHz }: StreamDescriptor,
): void {
  file.attribute(path, "bit_depth", bitDepth);
  if (rateHz !== null) file.attribute(path, "rate_hz", rateHz);
  if (pixelSizeUm === null) return;
  file.attribute(path, "pixel_size_um", pixelSizeUm);
  file.numbers(path, "element_size_um", new Float64Array([1, pixelSizeUm, pixelSizeUm]));
}
