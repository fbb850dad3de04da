/** Finds particles alone and in teams of real threads, in shared memories with guard bytes, to compare the tables. */
import { Worker } from "node:worker_threads";
import { kernelStaticBytes, loadKernels } from "../../../src/core/kernels/load-kernels.js";
import { RunControl, runControlWords } from "../../../src/core/memory/run-control.js";
import { joinTeam, teamWords } from "../../../src/core/memory/team.js";
import { column, detectionCapacity, slotColumns } from "../../../src/core/model/detection.js";
import {
  borrowPixels,
  bytesPerPixel,
  type PixelArray,
  type PixelFormat,
} from "../../../src/core/model/pixel-format.js";
import {
  createParticleFinder,
  type FindParameters,
  finderScratchBytes,
} from "../../../src/core/tracking/find/particle-finder.js";
import type { FrameShape } from "../../../src/core/tracking/locate/parameters.js";

const guardBytes = 256;
const guardValue = 0xa5;
const align = (offset: number) => Math.ceil(offset / 64) * 64;

const mates = [1, 2].map(() => {
  const worker = new Worker(new URL("./tile-mate.mjs", import.meta.url));
  worker.unref();
  return worker;
});

export interface Scene {
  readonly shape: FrameShape;
  readonly format: PixelFormat;
  readonly params: FindParameters;
  readonly mask?: PixelArray;
}

/** The tables of several frames, one after the other, by `workers` workers. Rejects what was written out of bounds. */
export function findParticles(scene: Scene, frames: readonly PixelArray[], workers: number): Float64Array[] {
  const { shape, format, params, mask = null } = scene;
  const columns = params.hasFlags ? slotColumns : column.flags;
  const capacity = detectionCapacity(shape, params.locate.separation);
  const scratch = finderScratchBytes(shape, format, params, workers);
  const isTeam = scratch.team !== undefined;
  const strideBytes = shape.width * bytesPerPixel[format];
  const frameBytes = strideBytes * shape.height;
  let end = kernelStaticBytes;
  const parts: [number, number][] = [];
  const take = (bytes: number) => {
    const at = align(end + guardBytes);
    parts.push([at, at + bytes]);
    end = at + bytes;
    return at;
  };
  const own = Array.from({ length: isTeam ? workers : 1 }, () => take(scratch.own));
  const teamOffset = isTeam ? take(scratch.team) : 0;
  const frameOffset = take(frameBytes);
  const outOffset = take(capacity * slotColumns * 8);
  const pages = Math.ceil((end + guardBytes) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const bytes = new Uint8Array(memory.buffer);
  bytes.fill(guardValue, kernelStaticBytes);
  const kernels = loadKernels(memory);
  const setup = { shape, format, params, mask };
  const pixels = borrowPixels(format, memory.buffer, frameOffset, shape.height * shape.width);
  const values = new Float64Array(memory.buffer, outOffset, capacity * slotColumns);
  const table = { values, offset: outOffset, capacity };

  const words = new SharedArrayBuffer(64 + teamWords(workers) * 4);
  const control = new RunControl(new Int32Array(words, 0, runControlWords));
  const isOver = new Int32Array(words, runControlWords * 4, 1);
  const team = isTeam ? joinTeam(new Int32Array(words, 64), 0, workers, control) : null;
  // The first member clears what all share, before another one begins, as the runner waits until all have opened.
  const finder = createParticleFinder({
    ...setup,
    kernels,
    memory,
    scratchOffset: own[0]!,
    team: team && { team, scratchOffset: teamOffset },
  });
  const job = { setup, memory, words, workers, teamOffset, frameOffset, outOffset, strideBytes, capacity };
  const sizes = { pixelCount: pixels.length, outValues: values.length };
  for (let member = 1; member < own.length; member++) {
    mates[member - 1]!.postMessage({ ...job, ...sizes, member, own: own[member] });
  }
  try {
    const tables = frames.map((frame) => {
      (pixels as Uint8Array).set(frame as Uint8Array);
      team?.share(
        0,
        () => {},
        () => 0,
      );
      const rows = finder.find(pixels, frameOffset, strideBytes, table);
      // What follows is done alone: the others may still be about to return, but write nothing.
      return values.slice(0, rows * columns);
    });
    for (let at = kernelStaticBytes, part = 0; part <= parts.length; part++) {
      const [from, to] = parts[part] ?? [pages * 65536, 0];
      const stray = bytes.subarray(at, from).findIndex((byte) => byte !== guardValue);
      if (stray >= 0) throw new Error(`byte ${at + stray} was written to, before ${from}`);
      at = to;
    }
    return tables;
  } catch (error) {
    control.abort();
    throw error;
  } finally {
    isOver[0] = 1;
    if (!control.isAborted)
      team?.share(
        0,
        () => {},
        () => 1,
      );
  }
}
