/** Runs the fast locator on an array: places it in a shared memory with guard bytes around scratch and output. */

import { kernelStaticBytes, loadKernels } from "../../../src/core/kernels/load-kernels.js";
import { detectionCapacity, detectionColumns } from "../../../src/core/model/detection.js";
import { bytesPerPixel, type PixelArray } from "../../../src/core/model/pixel-format.js";
import type { DetectionTable } from "../../../src/core/tracking/locate/locate-reference.js";
import { createLocator, locatorScratchBytes } from "../../../src/core/tracking/locate/locator.js";
import type { FrameShape, LocateParameters } from "../../../src/core/tracking/locate/parameters.js";

const guardBytes = 256;
const guardValue = 0xa5;

const align = (offset: number) => Math.ceil(offset / 64) * 64;

export function createRig(
  format: "uint8" | "uint16" | "float32",
  shape: FrameShape,
  params: LocateParameters,
  { strideBytes = shape.width * bytesPerPixel[format], frameLast = false } = {},
) {
  const frameBytes = strideBytes * shape.height;
  const capacity = detectionCapacity(shape, params.separation);
  const outBytes = capacity * detectionColumns.length * 8;
  const scratchBytes = locatorScratchBytes(shape, format, params).own;
  const scratchOffset = align(kernelStaticBytes + guardBytes);
  const outOffset = align(scratchOffset + scratchBytes + guardBytes);
  const end = align(outOffset + outBytes + guardBytes) + frameBytes + (frameLast ? 0 : guardBytes);
  const pages = Math.ceil(end / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
  const frameOffset = frameLast ? pages * 65536 - frameBytes : align(outOffset + outBytes + guardBytes);
  const bytes = new Uint8Array(memory.buffer);
  bytes.fill(guardValue);
  const kernels = loadKernels(memory);
  const locator = createLocator({ kernels, memory, scratchOffset, shape, format, params });

  return {
    locate(pixels: PixelArray): DetectionTable {
      const source = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
      const rowBytes = shape.width * bytesPerPixel[format];
      for (let y = 0; y < shape.height; y++) {
        bytes.set(source.subarray(y * rowBytes, (y + 1) * rowBytes), frameOffset + y * strideBytes);
      }
      const before = bytes.slice(frameOffset, frameOffset + frameBytes);
      const rowCount = locator.locate(frameOffset, strideBytes, outOffset, capacity);
      if (Buffer.compare(before, bytes.subarray(frameOffset, frameOffset + frameBytes)) !== 0) {
        throw new Error("the frame was written to");
      }
      const written = outOffset + rowCount * detectionColumns.length * 8;
      for (const [from, to] of [
        [scratchOffset - guardBytes, scratchOffset],
        [scratchOffset + scratchBytes, outOffset],
        [written, outOffset + outBytes + guardBytes],
      ] as const) {
        const stray = bytes.subarray(from, to).findIndex((byte) => byte !== guardValue);
        if (stray >= 0) throw new Error(`byte ${from + stray} was written to, outside of ${from} to ${to}`);
      }
      const values = new Float64Array(memory.buffer, outOffset, rowCount * detectionColumns.length).slice();
      bytes.fill(guardValue, outOffset, outOffset + outBytes);
      return { rowCount, values };
    },
  };
}
