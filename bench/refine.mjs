/**
 * Bias and scatter of the centroid, radial symmetry and the Gaussian maximum likelihood fit on simulated beads of five
 * signal-to-noise ratios, beside the Cramer-Rao bound; then fits a second on one core. Starts are the locator's centroids.
 * Fails before anything is timed where a fit is worse than 1.10 times the bound or its ep off by more than 15 %.
 *
 * node bench/refine.mjs   BENCH_BEADS=2500 BENCH_RUNS=9 BENCH_SIGMA=2 BENCH_WINDOW=11
 */
import { kernelStaticBytes, loadKernels } from "../dist/core/kernels/load-kernels.js";
import { column, detectionColumns } from "../dist/core/model/detection.js";
import { createLocator, locatorScratchBytes } from "../dist/core/tracking/locate/locator.js";
import { createRefiner } from "../dist/core/tracking/refine/refiner.js";
import { seeded } from "./random.mjs";

const beadCount = Number(process.env.BENCH_BEADS ?? 2500);
const runs = Number(process.env.BENCH_RUNS ?? 9);
const sigma = Number(process.env.BENCH_SIGMA ?? 2);
const side = Number(process.env.BENCH_WINDOW ?? 11);
const camera = { gain: 0.46, offset: 100, readNoise: 1.6 };
const background = 10;
const spacing = 4 * side;

const uniform = seeded(1);
const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

/** Poisson by inversion, above 60 a normal with the same skewness. */
function poisson(mean) {
  if (mean > 60) {
    const z = normal();
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * z + (z * z - 1) / 6));
  }
  let count = 0;
  let left = uniform();
  let term = Math.exp(-mean);
  while (left > term && count < 1000) {
    left -= term;
    term *= mean / ++count;
  }
  return count;
}

/** One bead in each cell of a grid, anywhere over one pixel, electrons sampled at the pixels' centres. */
function simulate(amplitude) {
  const cells = Math.ceil(Math.sqrt(beadCount));
  const edge = cells * spacing;
  const beads = Array.from({ length: cells * cells }, (_, i) => ({
    y: (Math.floor(i / cells) + 0.5) * spacing + uniform() - 0.5,
    x: ((i % cells) + 0.5) * spacing + uniform() - 0.5,
  }));
  const electrons = new Float64Array(edge * edge).fill(background);
  const reach = Math.ceil(7 * sigma);
  for (const { y, x } of beads) {
    for (let row = Math.round(y) - reach; row <= Math.round(y) + reach; row++) {
      for (let at = Math.round(x) - reach; at <= Math.round(x) + reach; at++) {
        if (row < 0 || at < 0 || row >= edge || at >= edge) continue;
        electrons[row * edge + at] += amplitude * Math.exp(-((row - y) ** 2 + (at - x) ** 2) / (2 * sigma * sigma));
      }
    }
  }
  const pixels = Uint16Array.from(electrons, (mean) =>
    Math.max(0, Math.round((poisson(mean) + camera.readNoise * normal()) / camera.gain + camera.offset)),
  );
  return { edge, beads, pixels };
}

/** Information of a pixel about its mean, the density of Poisson plus normal summed numerically. */
function pixelInformation(mean) {
  const noise = camera.readNoise;
  if (mean > 150) return 1 / (mean + noise * noise);
  const most = Math.ceil(mean + 10 * Math.sqrt(mean) + 10);
  const step = Math.min(0.25, noise / 6);
  let information = 0;
  for (let value = -7 * noise; value < most + 7 * noise; value += step) {
    let density = 0;
    let slope = 0;
    let probability = Math.exp(-mean);
    for (let count = 0; count <= most; count++) {
      if (count > 0) probability *= mean / count;
      const off = (value - count) / noise;
      if (Math.abs(off) > 8) continue;
      const term = probability * Math.exp(-0.5 * off * off);
      density += term;
      slope += term * (count / mean - 1);
    }
    if (density > 1e-200) information += (slope * slope) / density;
  }
  return (information * step) / (noise * Math.sqrt(2 * Math.PI));
}

/**
 * Cramer-Rao bound for a bead at the middle of the window. There the position is not mixed with amplitude, background and
 * width, by symmetry, and the bound is one over the root of its own information.
 */
function bound(amplitude) {
  const half = side >> 1;
  let information = 0;
  for (let dy = -half; dy <= half; dy++) {
    for (let dx = -half; dx <= half; dx++) {
      const signal = amplitude * Math.exp(-(dy * dy + dx * dx) / (2 * sigma * sigma));
      information += pixelInformation(background + signal) * ((signal * dx) / (sigma * sigma)) ** 2;
    }
  }
  return 1 / Math.sqrt(information);
}

function locate({ edge, beads, pixels }) {
  const shape = { height: edge, width: edge };
  const both = (value) => ({ y: value, x: value });
  const params = {
    diameter: both(side),
    minMass: 0,
    separation: both(side + 1),
    noiseSize: both(1),
    smoothingSize: both(side),
    percentile: 64,
    topn: beads.length,
    maxIterations: 10,
    preprocess: true,
    invert: false,
  };
  const align = (offset) => Math.ceil(offset / 64) * 64;
  const scratchOffset = kernelStaticBytes;
  const outOffset = align(scratchOffset + locatorScratchBytes(shape, "uint16", params).own);
  const frameOffset = align(outOffset + beads.length * detectionColumns.length * 8);
  const memory = new WebAssembly.Memory({
    initial: Math.ceil((frameOffset + pixels.byteLength + 64) / 65536),
    maximum: 65536,
    shared: true,
  });
  new Uint16Array(memory.buffer, frameOffset, pixels.length).set(pixels);
  const kernels = loadKernels(memory);
  const locator = createLocator({ kernels, memory, scratchOffset, shape, format: "uint16", params });
  const count = locator.locate(frameOffset, 2 * edge, outOffset, beads.length);
  const values = new Float64Array(memory.buffer, outOffset, count * detectionColumns.length);
  const cells = edge / spacing;
  const found = { y: [], x: [], bead: [] };
  for (let i = 0; i < count; i++) {
    const y = values[column.y * count + i];
    const x = values[column.x * count + i];
    const bead = beads[Math.floor(y / spacing) * cells + Math.floor(x / spacing)];
    // The rest of the topn are noise features, where a dim bead was not among the heaviest.
    if (Math.hypot(y - bead.y, x - bead.x) > 0.75 * sigma) continue;
    found.y.push(y);
    found.x.push(x);
    found.bead.push(bead);
  }
  return found;
}

/**
 * Bias is what is common to beads of like place within their pixel: the largest mean error over 5 bins of the fraction.
 * Scatter is the root mean square of all errors, both axes.
 */
function judge(y, x, ep, beads) {
  const bins = Array.from({ length: 5 }, () => ({ sum: 0, count: 0 }));
  let square = 0;
  let reported = 0;
  let count = 0;
  for (let i = 0; i < beads.length; i++) {
    if (Number.isNaN(ep[i])) continue;
    count++;
    reported += ep[i] ** 2;
    for (const [value, truth] of [
      [y[i], beads[i].y],
      [x[i], beads[i].x],
    ]) {
      square += (value - truth) ** 2 / 2;
      const bin = bins[Math.min(4, Math.floor((truth + 0.5 - Math.floor(truth + 0.5)) * 5))];
      bin.sum += value - truth;
      bin.count++;
    }
  }
  return {
    bias: Math.max(...bins.map(({ sum, count: n }) => Math.abs(sum / n))),
    scatter: Math.sqrt(square / count),
    ep: Math.sqrt(reported / count),
    failed: beads.length - count,
  };
}

const methods = [
  { name: "centroid" },
  { name: "radial-symmetry", method: "radial-symmetry", camera },
  { name: "gaussian, no camera", method: "gaussian" },
  { name: "gaussian", method: "gaussian", camera, isJudged: true },
];

console.log(
  `refine/beads/${side}x${side}: sigma ${sigma} px, background ${background} e-, gain ${camera.gain} e-/ADU, ` +
    `read noise ${camera.readNoise} e-; px`,
);
console.log("| SNR | beads | bound | method | bias | scatter | scatter / bound | ep / scatter | failed |");
console.log("|---:|---:|---:|---|---:|---:|---:|---:|---:|");
const timed = [];
for (const ratio of [3, 5, 10, 30, 100]) {
  const rest = background + camera.readNoise ** 2;
  const amplitude = (ratio ** 2 + Math.sqrt(ratio ** 4 + 4 * ratio ** 2 * rest)) / 2;
  const least = bound(amplitude);
  const scene = simulate(amplitude);
  const start = locate(scene);
  const count = start.bead.length;
  for (const { name, method = "centroid", camera: known, isJudged } of methods) {
    const refiner = createRefiner({
      method,
      shape: { height: scene.edge, width: scene.edge },
      format: "uint16",
      params: { window: { y: side, x: side }, invert: false, ...(known ? { camera: known } : {}) },
    });
    const values = Float64Array.from([...start.y, ...start.x, ...new Array(count).fill(0)]);
    const fill = () => {
      values.set(start.y);
      values.set(start.x, count);
    };
    const run = () => refiner.refine(scene.pixels, 0, scene.edge, count, values, 0, count, 2 * count);
    run();
    const answer = judge(
      values.subarray(0, count),
      values.subarray(count, 2 * count),
      values.subarray(2 * count),
      start.bead,
    );
    const ofBound = answer.scatter / least;
    const ofScatter = method === "centroid" ? Number.NaN : answer.ep / answer.scatter;
    console.log(
      `| ${ratio} | ${count} | ${least.toFixed(4)} | ${name} | ${answer.bias.toFixed(4)} | ${answer.scatter.toFixed(4)} | ` +
        `${ofBound.toFixed(2)} | ${Number.isNaN(ofScatter) ? "" : ofScatter.toFixed(2)} | ${answer.failed} |`,
    );
    if (isJudged && !(ofBound < 1.1 && Math.abs(ofScatter - 1) < 0.15 && answer.failed < count / 100)) {
      throw new Error(`${name} at ${ratio}: ${ofBound.toFixed(3)} of the bound, ep ${ofScatter.toFixed(3)}`);
    }
    if (method !== "centroid") timed.push({ name, ratio, count, fill, run });
  }
}
for (const { name, ratio, count, fill, run } of timed) {
  const rates = [];
  for (let i = 0; i < runs; i++) {
    fill();
    const before = performance.now();
    run();
    rates.push((1000 * count) / (performance.now() - before));
  }
  rates.sort((a, b) => a - b);
  console.log(
    `refine/${name}/${side}x${side}/SNR ${ratio}: ${Math.round(rates[runs >> 1])} fits/s ` +
      `(${Math.round(rates[0])} to ${Math.round(rates[runs - 1])})`,
  );
}
