// Times `locate` on the reference beads, or on beads of its own where ../shared is missing, and checks what it times.
// node bench/locate.mjs [runs]   needs `npm run build`

import { existsSync, readFileSync } from "node:fs";
import { decode } from "tiff";
import { kernelStaticBytes, loadKernels } from "../dist/core/kernels/load-kernels.js";
import { detectionCapacity, detectionColumns } from "../dist/core/model/detection.js";
import { locateReference } from "../dist/core/tracking/locate/locate-reference.js";
import { createLocator, locatorScratchBytes } from "../dist/core/tracking/locate/locator.js";
import { resolveLocateParameters } from "../dist/core/tracking/locate/parameters.js";

const runs = Number(process.argv[2] ?? process.env.MOTE_BENCH_RUNS ?? 31);
const data = new URL("../../shared/data/", import.meta.url);
const both = (value) => ({ y: value, x: value });
const beadParameters = resolveLocateParameters({
  diameter: both(21),
  separation: both(18),
  minMass: 100,
  percentile: 14,
});

function place(format, shape, params, pixels) {
  const align = (offset) => Math.ceil(offset / 64) * 64;
  const scratchOffset = align(kernelStaticBytes);
  const outOffset = align(scratchOffset + locatorScratchBytes(shape, format, params).own);
  const capacity = detectionCapacity(shape, params.separation);
  const frameOffset = align(outOffset + capacity * detectionColumns.length * 8);
  const strideBytes = pixels.BYTES_PER_ELEMENT * shape.width;
  const total = frameOffset + 2 * pixels.byteLength + 64;
  const pages = Math.ceil(total / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength), frameOffset);
  const calls = {};
  const kernels = loadKernels(memory);
  const timed = process.env.MOTE_BENCH_KERNELS ? timeEach(kernels, calls) : kernels;
  const locator = createLocator({ kernels: timed, memory, scratchOffset, shape, format, params });
  return {
    calls,
    locate: () => locator.locate(frameOffset, strideBytes, outOffset, capacity),
    values: (count) => new Float64Array(memory.buffer, outOffset, count * detectionColumns.length),
    copy: () => bytes.copyWithin(frameOffset + pixels.byteLength, frameOffset, frameOffset + pixels.byteLength),
  };
}

function timeEach(kernels, calls) {
  return Object.fromEntries(
    Object.entries(kernels).map(([name, kernel]) => [
      name,
      (...values) => {
        const start = performance.now();
        const result = kernel(...values);
        calls[name] = [...(calls[name] ?? []), performance.now() - start];
        return result;
      },
    ]),
  );
}

function measure(action, count) {
  const times = [];
  for (let run = 0; run < count; run++) {
    const start = performance.now();
    action();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1], minimum: times[0] };
}

function report(name, format, shape, params, pixels, count, expectedRows) {
  const rig = place(format, shape, params, pixels);
  const rows = rig.locate();
  const start = performance.now();
  const reference = locateReference(pixels, shape, params);
  const twinMs = performance.now() - start;
  const values = rig.values(rows);
  const ecc = detectionColumns.indexOf("ecc");
  const isSame = reference.values.every((value, index) =>
    Math.floor(index / rows) === ecc ? Math.abs(value - values[index]) < 1e-9 : Object.is(value, values[index]),
  );
  if (reference.rowCount !== rows || !isSame) throw new Error(`${name}: not what the reference twin finds`);
  if (expectedRows !== undefined && rows !== expectedRows)
    throw new Error(`${name}: ${rows} rows, not ${expectedRows}`);
  for (const key in rig.calls) rig.calls[key].length = 0;
  const { median, minimum } = measure(rig.locate, count);
  const copy = measure(rig.copy, count);
  console.log(
    `${name}: ${rows} features, median ${median.toFixed(3)} ms, minimum ${minimum.toFixed(3)} ms, ` +
      `${(median / copy.median).toFixed(1)} x a copy of the frame, 1/${(twinMs / median).toFixed(0)} of the plain twin`,
  );
  for (const [key, times] of Object.entries(rig.calls)) {
    times.sort((a, b) => a - b);
    console.log(`  ${key} ${times[times.length >> 1].toFixed(3)}`);
  }
}

function makeBeads({ height, width }, ofType, seed = 1) {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const pixels = ofType.from({ length: height * width }, () => 200 + 28 * (random() + random() + random() - 1.5));
  for (let bead = 0; bead < (height * width) / 4096; bead++) {
    const [y, x] = bead === 0 ? [height / 2, width / 2] : [random() * height, random() * width];
    for (let j = Math.max(0, Math.round(y) - 14); j < Math.min(height, y + 14); j++) {
      for (let i = Math.max(0, Math.round(x) - 14); i < Math.min(width, x + 14); i++) {
        pixels[j * width + i] += 2000 * Math.exp(-((j - y) ** 2 + (i - x) ** 2) / 32);
      }
    }
  }
  return pixels;
}

const large = { height: 2048, width: 2048 };
if (existsSync(new URL("beads_2048.tif", data))) {
  const [picture] = decode(readFileSync(new URL("beads_2048.tif", data)), { pages: [0] });
  const rows = readFileSync(new URL("beads_2048.csv", data), "utf8").match(/^0,/gm).length;
  report("locate/uint16/2048x2048", "uint16", large, beadParameters, picture.data, runs, rows);
} else {
  report("locate/uint16/2048x2048", "uint16", large, beadParameters, makeBeads(large, Uint16Array), runs);
}
if (process.env.MOTE_BENCH_ONLY) process.exit(0);
const floats = makeBeads(large, Uint16Array);
const scaled = Float32Array.from(floats, (pixel) => pixel / 4096);
report("locate/float32/2048x2048", "float32", large, { ...beadParameters, minMass: 1 }, scaled, Math.ceil(runs / 4));
const small = { height: 64, width: 64 };
const quiet = { ...beadParameters, percentile: 64 };
report("locate/uint16/64x64", "uint16", small, quiet, makeBeads(small, Uint16Array), runs * 100);
