/** The frame as the kernels want it: where it lies if that will do, else a copy. */

import type { Kernels } from "../../kernels/load-kernels.js";
import type { Team } from "../../memory/team.js";
import { maximumPixel, type PixelFormat } from "../../model/pixel-format.js";
import { crowdsCache, type LocatorLayout, record } from "./locator-layout.js";
import type { FrameShape, LocateParameters } from "./parameters.js";
import type { Tiling } from "./tiling.js";

/** uint16, or float32 for float frames, with its darkest and brightest pixel (of float frames those are not asked for). */
export interface RawFrame {
  at: number;
  stride: number;
  darkest: number;
  brightest: number;
}

export interface LocatorPlace {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  readonly layout: LocatorLayout;
  /** What the layout's offsets count from: those of this worker, and those of all who work on a frame. */
  readonly own: number;
  readonly shared: number;
  readonly team: Team;
  readonly tiling: Tiling;
  readonly shape: FrameShape;
  readonly format: PixelFormat;
  readonly params: LocateParameters;
}

const suffix = { uint8: "u8", uint16: "u16", float32: "f32" } as const;

/** The answer is the same object every time. */
export function createRawReader(place: LocatorPlace): (pixels: number, stride: number) => RawFrame {
  const { kernels, memory, layout, shared, team, tiling, format } = place;
  const { height, width } = place.shape;
  const flip = place.params.invert ? maximumPixel[format] : 0;
  const copyRows = kernels[`copyRows_${suffix[format]}`];
  const records = new Float64Array(memory.buffer, shared + layout.records, tiling.runs.length * record.values);
  const frame: RawFrame = { at: 0, stride: 0, darkest: 0, brightest: maximumPixel[format] };
  let pixels = 0;
  let stride = 0;

  function takeBand(index: number): void {
    const { top, bottom } = tiling.bands[index]!;
    const from = pixels + top * stride;
    const to = frame.at + top * frame.stride;
    const isInPlace = from === to;
    records[index * record.values + record.extremes] = isInPlace
      ? kernels.extremes_u16(from, stride, width, bottom - top)
      : copyRows(to, frame.stride, from, stride, width, bottom - top, flip);
  }

  function findExtremes(): number {
    if (format === "float32") return 0;
    let darkest = 65535;
    let brightest = 0;
    for (let index = 0; index < tiling.bands.length; index++) {
      const extremes = records[index * record.values + record.extremes]!;
      darkest = Math.min(darkest, extremes & 0xffff);
      brightest = Math.max(brightest, extremes >>> 16);
    }
    return brightest * 65536 + darkest;
  }

  return (pixelsOffset, strideBytes) => {
    pixels = pixelsOffset;
    stride = strideBytes;
    const fits = pixels + height * stride + 16 <= memory.buffer.byteLength;
    const isInPlace = format === "uint16" && flip === 0 && fits && !crowdsCache(stride);
    frame.at = isInPlace ? pixels : shared + layout.raw;
    frame.stride = isInPlace ? stride : layout.rawStride;
    const extremes = team.share(tiling.bands.length, takeBand, findExtremes);
    if (format !== "float32") {
      frame.darkest = extremes & 0xffff;
      frame.brightest = extremes >>> 16;
    }
    return frame;
  };
}
