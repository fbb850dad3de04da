import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { acquire } from "../../src/commands/acquire.js";
import { refusalOf, runSource, type SourceRun } from "./run-source.js";

const small = { camera: "sim", size: "96x80", beads: 3, frames: 5 };

function truthOf(path: string): { frame: number; bead: number; y: number; x: number; amplitude: number }[] {
  const [header, ...rows] = readFileSync(path, "utf8").trim().split("\n");
  expect(header).toBe("frame,bead,y,x,amplitude");
  return rows.map((row) => {
    const [frame, bead, y, x, amplitude] = row.split(",").map(Number) as [number, number, number, number, number];
    return { frame, bead, y, x, amplitude };
  });
}

function truthPath(): string {
  return join(mkdtempSync(join(tmpdir(), "mote-truth-")), "truth.csv");
}

function moments(values: Iterable<number>): { mean: number; variance: number } {
  let n = 0;
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    n++;
    sum += value;
    squares += value * value;
  }
  return { mean: sum / n, variance: squares / n - (sum / n) ** 2 };
}

const bytesOf = (run: SourceRun) => run.frames.map((frame) => Buffer.from(frame.pixels.buffer).toString("base64"));

describe("one seed gives one sequence of frames", () => {
  it("two runs are the same to the byte, header included", async () => {
    const [a, b] = [await runSource(acquire, small), await runSource(acquire, small)];
    expect(a.frames).toEqual(b.frames);
    expect(bytesOf(a)).toEqual(bytesOf(b));
  });
  it("pacing changes the times and no pixel", async () => {
    const flat = await runSource(acquire, small);
    const paced = await runSource(acquire, { ...small, fps: 20 });
    expect(bytesOf(paced)).toEqual(bytesOf(flat));
    expect(paced.output.isLive).toBe(true);
    expect(paced.sleptMs).toBeCloseTo(200, 6);
    expect(flat.sleptMs).toBe(0);
    expect(paced.frames[4]!.capturedAtNs - paced.frames[0]!.capturedAtNs).toBe(200_000_000n);
  });
  it("another seed gives other frames", async () => {
    const [a, b] = [await runSource(acquire, small), await runSource(acquire, { ...small, seed: 2 })];
    expect(bytesOf(a)[0]).not.toBe(bytesOf(b)[0]);
  });
  it("flat out, simulated time runs from 2026 in steps of 10 ms", async () => {
    const run = await runSource(acquire, small);
    expect(run.frames.map((frame) => frame.capturedAtNs)).toEqual(
      [0n, 1n, 2n, 3n, 4n].map((n) => BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n + n * 10_000_000n),
    );
    expect(run.output).toMatchObject({
      rateHz: 100,
      frameCount: 5,
      isLive: false,
      pixelFormat: "uint16",
      bitDepth: 16,
    });
  });
  it("without --frames it goes on until it is interrupted", async () => {
    const run = await runSource(acquire, { ...small, frames: undefined }, { drainAfter: 12 });
    expect(run.frames).toHaveLength(12);
    expect(run.output.frameCount).toBeNull();
  });
});

describe("the camera's noise", () => {
  const flat = { camera: "sim", size: "256x256", beads: 0, frames: 4 };

  it("has the mean of the light and, by photon transfer, a variance of mean / gain", async () => {
    const points: { mean: number; variance: number }[] = [];
    for (const background of [50, 200, 800, 3200]) {
      const run = await runSource(acquire, { ...flat, background, gain: 2.5, readNoise: 4, offset: 100 });
      const { mean, variance } = moments(run.frames.flatMap((frame) => [...frame.pixels]));
      // The standard error of the mean over 262144 pixels is below 0.1; the noise field itself adds as much again.
      expect(Math.abs(mean - 100 - background)).toBeLessThan(0.25);
      const theory = background / 2.5 + (4 / 2.5) ** 2 + 1 / 12;
      expect(Math.abs(variance / theory - 1)).toBeLessThan(0.02);
      points.push({ mean: mean - 100, variance });
    }
    const slope = (points[3]!.variance - points[0]!.variance) / (points[3]!.mean - points[0]!.mean);
    expect(slope).toBeCloseTo(1 / 2.5, 2);
  });
  it("follows the gradient in mean and variance", async () => {
    const run = await runSource(acquire, { ...flat, frames: 16, background: 1000, backgroundGradient: "0,1200" });
    // The noise's width is right at the middle of every 64 columns and constant between.
    for (const x of [31, 224]) {
      const level = 400 + (1200 * x) / 255;
      const { mean, variance } = moments(
        run.frames.flatMap((frame) => [...frame.pixels].filter((_, at) => at % 256 === x)),
      );
      // 4096 samples: standard errors 0.6 of the mean, 2.2 % of the variance.
      expect(Math.abs(mean - 100 - level)).toBeLessThan(2.5);
      expect(Math.abs(variance / (level + 9) - 1)).toBeLessThan(0.09);
    }
  });
  it("is independent from frame to frame and from pixel to pixel", async () => {
    const run = await runSource(acquire, flat);
    const [a, b] = [run.frames[0]!.pixels, run.frames[1]!.pixels];
    const { mean, variance } = moments(a);
    let between = 0;
    let beside = 0;
    for (let at = 0; at < a.length - 1; at++) {
      between += (a[at]! - mean) * (b[at]! - mean);
      beside += (a[at]! - mean) * (a[at + 1]! - mean);
    }
    expect(Math.abs(between / a.length / variance)).toBeLessThan(0.02);
    expect(Math.abs(beside / a.length / variance)).toBeLessThan(0.02);
  });
  it("is Poisson at low light: skewness 1 / sqrt(mean)", async () => {
    const run = await runSource(acquire, { ...flat, background: 4, offset: 0, readNoise: 0 });
    const values = run.frames.flatMap((frame) => [...frame.pixels]);
    const { mean, variance } = moments(values);
    const third = values.reduce((sum, value) => sum + (value - mean) ** 3, 0) / values.length;
    expect(third / variance ** 1.5).toBeCloseTo(0.5, 1);
    expect(values.every((value) => Number.isInteger(value) && value >= 0)).toBe(true);
  });
  it("clamps at 255, 4095 and 65535", async () => {
    for (const [bitDepth, most, format] of [
      [8, 255, "uint8"],
      [12, 4095, "uint16"],
      [16, 65535, "uint16"],
    ] as const) {
      const run = await runSource(acquire, {
        ...small,
        bitDepth,
        background: most - 60,
        offset: 50,
        amplitude: 60000,
        gain: 1,
        amplitudeSpread: 0,
      });
      expect(run.output).toMatchObject({ bitDepth, pixelFormat: format });
      const brightest = Math.max(...run.frames.flatMap((frame) => [...frame.pixels]));
      expect(brightest).toBe(most);
    }
  });
  it("hot pixels stay where they are", async () => {
    const run = await runSource(acquire, { ...flat, hotPixels: 5 });
    const hot = run.frames.map((frame) =>
      [...frame.pixels].map((value, at) => (value > 2000 ? at : -1)).filter((at) => at >= 0),
    );
    expect(hot[0]!.length).toBe(5);
    for (const places of hot) expect(places).toEqual(hot[0]);
  });
});

describe("the beads", () => {
  it("diffuse with a mean squared displacement of 4 D a frame, and drift", async () => {
    const truth = truthPath();
    await runSource(
      acquire,
      {
        camera: "sim",
        size: "1024x1024",
        beads: 400,
        frames: 30,
        diffusion: 1.5,
        drift: "0.4,-0.25",
        truth,
      },
      { visit: () => {} },
    );
    const rows = truthOf(truth);
    const last = new Map<number, { y: number; x: number; frame: number }>();
    const dy: number[] = [];
    const dx: number[] = [];
    for (const row of rows) {
      const before = last.get(row.bead);
      if (before && before.frame === row.frame - 1) {
        dy.push(row.y - before.y);
        dx.push(row.x - before.x);
      }
      last.set(row.bead, row);
    }
    expect(dy.length).toBeGreaterThan(10_000);
    const [my, mx] = [moments(dy), moments(dx)];
    // Standard error of the mean step: sqrt(3 / 11000) = 0.017.
    expect(Math.abs(my.mean - 0.4)).toBeLessThan(0.06);
    expect(Math.abs(mx.mean + 0.25)).toBeLessThan(0.06);
    expect(Math.abs((my.variance + mx.variance) / (4 * 1.5) - 1)).toBeLessThan(0.05);
  });

  for (const beadShape of ["gaussian", "ring"]) {
    it(`a ${beadShape}'s centroid is its true position, to a few hundredths of a pixel`, async () => {
      const truth = truthPath();
      const run = await runSource(acquire, {
        camera: "sim",
        size: "400x400",
        beads: 12,
        frames: 6,
        beadSigma: 3,
        amplitude: 8000,
        amplitudeSpread: 0.2,
        background: 0,
        offset: 100,
        readNoise: 0,
        seed: 5,
        beadShape,
        truth,
      });
      const rows = truthOf(truth);
      const reach = 18;
      const errors: number[] = [];
      for (const row of rows) {
        const alone = rows.every(
          (o) => o === row || o.frame !== row.frame || Math.hypot(o.y - row.y, o.x - row.x) > 45,
        );
        if (!alone || row.y < 20 || row.x < 20 || row.y > 379 || row.x > 379) continue;
        const { pixels } = run.frames[row.frame]!;
        let [mass, sumY, sumX] = [0, 0, 0];
        for (let y = Math.round(row.y) - reach; y <= Math.round(row.y) + reach; y++) {
          for (let x = Math.round(row.x) - reach; x <= Math.round(row.x) + reach; x++) {
            const value = pixels[y * 400 + x]! - 100;
            mass += value;
            sumY += value * y;
            sumX += value * x;
          }
        }
        errors.push(sumY / mass - row.y, sumX / mass - row.x);
      }
      expect(errors.length).toBeGreaterThan(20);
      const { mean, variance } = moments(errors);
      // Shot noise alone: width / sqrt(photons) = 3 / sqrt(8000 * 2 pi 9) = 0.005 px (a ring is wider).
      expect(Math.abs(mean)).toBeLessThan(0.005);
      expect(Math.sqrt(variance)).toBeLessThan(0.02);
    });
  }

  it("blink as often as they are told, and are dark then", async () => {
    const truth = truthPath();
    await runSource(acquire, { ...small, beads: 100, frames: 50, blink: 0.3, truth }, { visit: () => {} });
    const rows = truthOf(truth);
    expect(rows.filter((row) => row.amplitude === 0).length / rows.length).toBeCloseTo(0.3, 1);
  });
  it("leave a frame narrower than themselves in peace", async () => {
    const run = await runSource(acquire, { camera: "sim", size: "5x3", beads: 4, frames: 3 });
    expect(run.frames).toHaveLength(3);
  });
});

describe("faults", () => {
  it("a dropped frame leaves a gap in both numbers, an event before the next, and the other frames as they were", async () => {
    const whole = await runSource(acquire, { ...small, frames: 8 });
    const run = await runSource(acquire, { ...small, frames: 8, fault: ["drop@2", "drop@4-5"] });
    const gap = (firstFrame: number, count: number) => ({ event: "gap", firstFrame, count, reason: "device gap" });
    expect(run.order).toEqual([0, 1, gap(2, 1), 3, gap(4, 2), 6, 7]);
    expect(run.frames.map((frame) => frame.deviceFrameNumber)).toEqual([0, 1, 3, 6, 7]);
    expect(run.summary).toMatchObject({ exposed: 8, delivered: 5, lost: 3, duplicates: 0 });
    expect(run.output.frameCount).toBe(5);
    for (const frame of run.frames) expect(frame.pixels).toEqual(whole.frames[frame.frameNumber]!.pixels);
  });
  it("frames lost first and last are counted too", async () => {
    const run = await runSource(acquire, { ...small, frames: 4, fault: ["drop@0", "drop@3-9"] });
    expect(run.order.map((entry) => (typeof entry === "number" ? entry : entry.event))).toEqual(["gap", 1, 2, "gap"]);
    expect(run.summary).toMatchObject({ exposed: 4, delivered: 2, lost: 2 });
  });
  it("the second copy of a frame is left out and told", async () => {
    const run = await runSource(acquire, { ...small, fault: "duplicate@4" });
    expect(run.order).toEqual([
      0,
      1,
      2,
      3,
      4,
      { event: "duplicate", firstFrame: 4, count: 1, reason: "device sent the frame twice" },
    ]);
    expect(run.summary).toMatchObject({ delivered: 5, lost: 0, duplicates: 1 });
  });
  it("the truth holds lost frames too", async () => {
    const truth = truthPath();
    await runSource(acquire, { ...small, fault: "drop@1-3", truth });
    expect(new Set(truthOf(truth).map((row) => row.frame))).toEqual(new Set([0, 1, 2, 3, 4]));
  });
});

describe("refusals", () => {
  it("options of the simulation without it are all named", async () => {
    const error = await refusalOf(runSource(acquire, { files: "x.tif", beads: 4, drift: "1,1", fault: "drop@1" }));
    expect(error.exitCode).toBe(2);
    expect(error.problems.map((problem) => problem.where)).toEqual([
      "acquire, --beads",
      "acquire, --drift",
      "acquire, --fault",
    ]);
  });
  it("files and replay options with the camera are all named", async () => {
    const error = await refusalOf(
      runSource(acquire, { camera: "sim", files: "x.tif", loop: 2, roi: "0,0,4,4", pixelFormat: "uint8" }),
    );
    expect(error.problems).toHaveLength(4);
  });
  it("nothing to acquire from", async () => {
    const error = await refusalOf(runSource(acquire, {}));
    expect(error.message).toContain("nothing to acquire from");
  });
  it("a fault that cannot be read, a depth there is not, and too much light", async () => {
    for (const raw of [
      { fault: "drop@5-2" },
      { fault: "explode@1" },
      { bitDepth: 10 },
      { background: 300, bitDepth: 8 },
      { backgroundGradient: "500" },
    ]) {
      expect((await refusalOf(runSource(acquire, { ...small, ...raw }))).exitCode).toBe(2);
    }
  });
  it("a truth file that exists, or has no folder", async () => {
    const truth = truthPath();
    await runSource(acquire, { ...small, truth });
    expect((await refusalOf(runSource(acquire, { ...small, truth }))).message).toContain("exists");
    expect((await refusalOf(runSource(acquire, { ...small, truth: "/no/such/folder/t.csv" }))).message).toContain(
      "there is no folder",
    );
  });
});
