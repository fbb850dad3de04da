import { expect, test } from "vitest";
import { createBiasCorrection } from "../../../src/core/tracking/pixel-locking/bias-correction.js";
import { FractionHistogram } from "../../../src/core/tracking/pixel-locking/fraction-histogram.js";
import { createLockingDetector } from "../../../src/core/tracking/pixel-locking/locking-report.js";
import { createDice, type Dice, expectedElectrons } from "./refine-scenes.js";

interface Frame {
  readonly count: number;
  /** y, then x, as measured. */
  readonly values: Float64Array;
  readonly truth: Float64Array;
}

/** Positions anywhere in a field, measured with a bias and noise. */
function measureFrames(
  dice: Dice,
  { frames, count, edge = 2000 }: { frames: number; count: number; edge?: number },
  measure: (truth: number) => number,
): Frame[] {
  return Array.from({ length: frames }, () => {
    const truth = Float64Array.from({ length: 2 * count }, () => dice.uniform() * edge);
    return { count, truth, values: truth.map(measure) };
  });
}

function report(frames: readonly Frame[]) {
  const detector = createLockingDetector();
  for (const { count, values } of frames) detector.add(count, values, 0, count);
  return detector.report();
}

/** Largest mean error over 20 places within the pixel. */
function peakBias(frames: readonly Frame[]): number {
  const bins = Array.from({ length: 20 }, () => ({ sum: 0, count: 0 }));
  for (const { truth, values } of frames) {
    truth.forEach((place, i) => {
      const bin = bins[Math.min(19, Math.floor((place + 0.5 - Math.floor(place + 0.5)) * 20))]!;
      bin.sum += values[i]! - place;
      bin.count++;
    });
  }
  return Math.max(...bins.map(({ sum, count }) => Math.abs(sum / count)));
}

const sine = (amplitude: number) => (truth: number) => truth - amplitude * Math.sin(2 * Math.PI * truth);

test("the peak bias found is that of the simulated locking, and where positions crowd", () => {
  const scene = { frames: 20, count: 1000 };
  const strong = report(measureFrames(createDice(1), scene, sine(0.12)));
  // 20,000 detections tell a peak bias to 0.5 / sqrt(20,000) = 0.004 px.
  expect(Math.abs(strong.peakBiasPx - 0.12)).toBeLessThan(0.012);
  expect(strong.verdict).toBe("strong");
  expect(strong.x.crowdAt).toBe("pixel centres");
  expect(strong.text).toMatch(/^Positions crowd at pixel centres, by up to 0\.1\d px\. Raise the diameter/);
  const mild = report(measureFrames(createDice(2), scene, sine(-0.05)));
  expect(Math.abs(mild.peakBiasPx - 0.05)).toBeLessThan(0.012);
  expect(mild.verdict).toBe("mild");
  expect(mild.y.crowdAt).toBe("pixel edges");
});

test("even positions are called locked at most once in 100 runs, few or many", () => {
  for (const count of [5, 50, 500, 5000]) {
    let alarms = 0;
    for (let seed = 0; seed < 200; seed++) {
      const found = report(measureFrames(createDice(1000 * count + seed), { frames: 1, count }, (truth) => truth));
      if (found.verdict !== "none") alarms++;
    }
    // 2 expected of 200; 7 or more by chance once in 200.
    expect(alarms, `${count} detections`).toBeLessThan(7);
  }
});

test("strong locking shows in 100 detections, and few detections say what they cannot show", () => {
  const rounded = measureFrames(createDice(3), { frames: 1, count: 100 }, (truth) => Math.round(truth));
  expect(report(rounded)).toMatchObject({ verdict: "strong", detections: 100 });
  expect(report(measureFrames(createDice(3), { frames: 1, count: 20 }, (truth) => truth)).text).toBe(
    "Too few to tell: 20 detections on 20 pixels can show only a bias above 0.19 px.",
  );
  expect(report([])).toMatchObject({ verdict: "none", peakBiasPx: 0, resolvedBiasPx: Infinity });
  expect(report([]).text).toBe("No detections to tell pixel locking from.");
});

test("beads that sit still are not taken for locking, however long the run", () => {
  const dice = createDice(4);
  const places = Float64Array.from({ length: 12 }, () => dice.uniform() * 500);
  const frames = Array.from({ length: 5000 }, () => ({
    count: 6,
    truth: places,
    values: places.map((place) => place + 0.01 * dice.normal()),
  }));
  const found = report(frames);
  expect(found.detections).toBe(30_000);
  expect(found.independent).toBeLessThan(25);
  expect(found.verdict).toBe("none");
  const correction = createBiasCorrection();
  for (const { count, values } of frames) correction.correct(count, values, 0, count);
  expect(correction.summary()).toEqual({
    corrected: { y: 0, x: 0 },
    uncorrected: { y: 30_000, x: 30_000 },
    isLearned: false,
  });
});

test("the sketch counts visited pixels within 2 % from one to 500,000", () => {
  const histogram = new FractionHistogram();
  const one = Float64Array.of(0, 0);
  let visited = 0;
  for (let y = 0; y < 500; y++) {
    for (let x = 0; x < 1000; x++) {
      one[0] = y;
      one[1] = x;
      histogram.add(1, one, 0, 1);
      visited++;
      if (visited === 1 || visited === 1000 || visited === 100_000 || visited === 500_000) {
        expect(Math.abs(histogram.independentCount / visited - 1), `${visited}`).toBeLessThan(0.02);
      }
    }
  }
});

test("the order of frames does not change the report", () => {
  const frames = measureFrames(createDice(5), { frames: 30, count: 100 }, sine(0.05));
  expect(report([...frames].reverse())).toEqual(report(frames));
});

test("positions that are not finite are passed over", () => {
  const values = Float64Array.of(Number.NaN, 1.25, Infinity, 3, 4.25, 5);
  const detector = createLockingDetector();
  detector.add(3, values, 0, 3);
  expect(detector.report().detections).toBe(1);
  createBiasCorrection().correct(3, values, 0, 3);
  expect([...values]).toEqual([Number.NaN, 1.25, Infinity, 3, 4.25, 5]);
});

test("a correction takes nine tenths of a smooth bias away", () => {
  const frames = measureFrames(createDice(6), { frames: 40, count: 1000 }, sine(0.12));
  const before = peakBias(frames);
  expect(before).toBeGreaterThan(0.11);
  const correction = createBiasCorrection();
  for (const { count, values } of frames) correction.correct(count, values, 0, count);
  expect(peakBias(frames)).toBeLessThan(0.1 * before);
  expect(correction.summary()).toEqual({
    corrected: { y: 40_000, x: 40_000 },
    uncorrected: { y: 0, x: 0 },
    isLearned: true,
  });
});

test("the correction is monotone, keeps pixels and their centres, and treats both halves alike", () => {
  const correction = createBiasCorrection({ learn: 1000 });
  for (const { count, values } of measureFrames(createDice(7), { frames: 2, count: 1000 }, sine(0.14))) {
    correction.correct(count, values, 0, count);
  }
  expect(correction.summary().isLearned).toBe(true);
  const steps = 2001;
  const values = Float64Array.from({ length: 2 * steps }, (_, i) => 40 + ((i % steps) - 1000) / 2000.5);
  correction.correct(steps, values, 0, steps);
  expect(values[1000]).toBe(40);
  for (let i = 1; i < steps; i++) expect(values[i]!).toBeGreaterThanOrEqual(values[i - 1]!);
  for (let i = 0; i < steps; i++) expect(values[i]! + values[steps - 1 - i]!).toBeCloseTo(80, 12);
  expect(values[0]).toBeGreaterThanOrEqual(39.5);
  expect(values[steps - 1]).toBeLessThanOrEqual(40.5);
});

test("even positions pass unchanged", () => {
  const frames = measureFrames(createDice(8), { frames: 10, count: 2000 }, (truth) => truth);
  const correction = createBiasCorrection();
  for (const { count, values } of frames) correction.correct(count, values, 0, count);
  for (const { values, truth } of frames) expect(values).toEqual(truth);
});

/** Centroid over a disc around the brightest pixel, as the locator's, without its band pass. */
function centroid(pixels: Float64Array, edge: number, radius: number, from: { y: number; x: number }) {
  let { y, x } = from;
  for (let i = -1; i <= 1; i++) {
    for (let j = -1; j <= 1; j++) {
      const here = pixels[(from.y + i) * edge + from.x + j]!;
      if (here > pixels[y * edge + x]!) [y, x] = [from.y + i, from.x + j];
    }
  }
  let [mass, momentY, momentX] = [0, 0, 0];
  for (let dy = -radius; dy <= radius; dy++) {
    for (let dx = -radius; dx <= radius; dx++) {
      if (dy * dy + dx * dx > radius * radius) continue;
      const pixel = pixels[(y + dy) * edge + x + dx]!;
      mass += pixel;
      momentY += pixel * dy;
      momentX += pixel * dx;
    }
  }
  return { y: y + momentY / mass, x: x + momentX / mass };
}

test("beads centred with too small a diameter have their peak bias cut to a fifth", () => {
  const dice = createDice(9);
  const edge = 21;
  const count = 200;
  const frames = Array.from({ length: 40 }, (): Frame => {
    const values = new Float64Array(2 * count);
    const truth = new Float64Array(2 * count);
    for (let i = 0; i < count; i++) {
      const bead = { y: 10 + dice.uniform() - 0.5, x: 10 + dice.uniform() - 0.5, amplitude: 2000, sigma: 2.5 };
      const electrons = expectedElectrons(edge, edge, [bead], 20);
      const pixels = electrons.map((mean) => mean + Math.sqrt(mean) * dice.normal());
      // Diameter 5, where the bead fills 15.
      const found = centroid(pixels, edge, 2, { y: Math.round(bead.y), x: Math.round(bead.x) });
      // Scattered over a field, so that each is a bead of its own.
      const [dy, dx] = [Math.floor(dice.uniform() * 2000), Math.floor(dice.uniform() * 2000)];
      values[i] = found.y + dy;
      values[count + i] = found.x + dx;
      truth[i] = bead.y + dy;
      truth[count + i] = bead.x + dx;
    }
    return { count, values, truth };
  });
  const found = report(frames);
  expect(found.verdict).toBe("strong");
  const before = peakBias(frames);
  expect(before).toBeGreaterThan(0.15);
  const correction = createBiasCorrection();
  for (const { values } of frames) correction.correct(count, values, 0, count);
  expect(peakBias(frames)).toBeLessThan(before / 5);
});
