/** A picture as the bytes of a PNG file. */
import { encode } from "fast-png";
import type { Picture } from "./canvas.js";

export function encodePicture({ width, height, rgb }: Picture): Uint8Array {
  return encode({ width, height, data: rgb, channels: 3, depth: 8 });
}
