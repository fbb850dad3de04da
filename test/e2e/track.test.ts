/** Tracking options through the real program, against the simulated camera's truth. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "fast-png";
import { expect, test } from "vitest";
import { openShell } from "./shell.js";

type Row = Readonly<Record<string, number>>;

function readTable(folder: string, name: string): Row[] {
  const [header, ...lines] = readFileSync(join(folder, name), "utf8").trim().split("\n");
  const names = header!.split(",");
  return lines.map((line) => {
    const values = line.split(",");
    return Object.fromEntries(names.map((column, i) => [column, values[i] === "" ? Number.NaN : Number(values[i])]));
  });
}

const distance = (a: Row, b: Row) => Math.hypot(a.y! - b.y!, a.x! - b.x!);
const sim = "acquire --camera sim --size 256x256 --beads 16 --frames 30";
const track = "track --preset tweezer --minmass 1000";

test("at a signal-to-noise ratio of 5 recall and precision are at least 99 % with the bead movie's parameters", async () => {
  const shell = openShell("snr");
  // Background 200 electrons and read noise 3: a noise of 14.5; amplitude 72.5 is five times that. The beads' mass is 3500
  // and that of the largest noise 1200, so a least mass of 2000 tells them apart.
  const camera =
    "acquire --camera sim --size 768x768 --beads 60 --amplitude 72.5 --amplitude-spread 0 --frames 10 --truth truth.csv";
  const line = `run ${camera} then track --diameter 21 --separation 18 --percentile 14 --minmass 2000 then archive --out found.csv`;
  expect((await shell.mote(line)).code).toBe(0);
  const truth = readTable(shell.folder, "truth.csv");
  const found = readTable(shell.folder, "found.csv");
  const inside = (bead: Row) => Math.min(bead.y!, bead.x!, 767 - bead.y!, 767 - bead.x!) > 10.5;
  let asked = 0;
  let recalled = 0;
  let right = 0;
  for (let frame = 0; frame < 10; frame++) {
    const beads = truth.filter((bead) => bead.frame === frame);
    const features = found.filter((feature) => feature.frame === frame);
    for (const bead of beads) {
      // Two beads nearer than the diameter are one feature by definition of the separation.
      if (!inside(bead) || beads.some((other) => other !== bead && distance(other, bead) < 21)) continue;
      asked++;
      if (features.some((feature) => distance(feature, bead) < 1)) recalled++;
    }
    right += features.filter((feature) => beads.some((bead) => distance(feature, bead) < 3)).length;
  }
  expect(asked).toBeGreaterThan(300);
  expect(recalled / asked).toBeGreaterThanOrEqual(0.99);
  expect(right / found.length).toBeGreaterThanOrEqual(0.99);
});

test("a region of interest gives what the cropped frames give, in the whole frame's coordinates", async () => {
  const shell = openShell("roi");
  await shell.mote(`${sim} --output whole.mote`);
  await shell.mote(`run acquire whole.mote then ${track} --roi 40,30,150,120 then archive --out roi.csv`);
  await shell.mote(`run acquire whole.mote --roi 40,30,150,120 then ${track} then archive --out cropped.csv`);
  const shifted: Row[] = readTable(shell.folder, "cropped.csv").map((row) => ({
    ...row,
    x: row.x! + 40,
    y: row.y! + 30,
  }));
  const inside = readTable(shell.folder, "roi.csv");
  expect(inside.length).toBeGreaterThan(50);
  expect(inside.map(({ particle_id, mass }) => [particle_id, mass])).toEqual(
    shifted.map(({ particle_id, mass }) => [particle_id, mass]),
  );
  for (const [i, row] of inside.entries()) expect(distance(row, shifted[i]!)).toBeLessThan(1e-9);
});

test("a mask keeps what lies in it, and the heaviest are chosen among those", async () => {
  const shell = openShell("mask");
  const data = new Uint8Array(256 * 256);
  for (let y = 0; y < 256; y++) data.fill(255, y * 256, y * 256 + 128);
  writeFileSync(join(shell.folder, "left.png"), encode({ width: 256, height: 256, data, channels: 1, depth: 8 }));
  await shell.mote(`run ${sim} then ${track} then archive --out all.csv`);
  await shell.mote(`run ${sim} then ${track} --mask left.png then archive --out left.csv`);
  await shell.mote(`run ${sim} then ${track} --mask left.png --topn 2 then archive --out two.csv`);
  const left = readTable(shell.folder, "all.csv").filter((row) => Math.round(row.x!) < 128);
  const key = (row: Row) => `${row.frame} ${row.x} ${row.y}`;
  expect(readTable(shell.folder, "left.csv").map(key).sort()).toEqual(left.map(key).sort());
  const two = readTable(shell.folder, "two.csv");
  for (let frame = 0; frame < 30; frame++) {
    const heaviest = left
      .filter((row) => row.frame === frame)
      .sort((a, b) => b.mass! - a.mass!)
      .slice(0, 2);
    expect(
      two
        .filter((row) => row.frame === frame)
        .map(key)
        .sort(),
    ).toEqual(heaviest.map(key).sort());
  }
});

test("the Gaussian fit is nearer to the truth than the centroid, and its ep is the error it makes", async () => {
  const shell = openShell("refine");
  await shell.mote(`run ${sim} --seed 3 --truth truth.csv then ${track} then archive --out centroid.csv`);
  await shell.mote(
    `run ${sim} --seed 3 then ${track} --refine gaussian --gain 1 --offset 100 --read-noise 3 then archive --out gaussian.csv`,
  );
  const truth = readTable(shell.folder, "truth.csv");
  const errors = (name: string) =>
    readTable(shell.folder, name).flatMap((row) => {
      const beads = truth.filter((bead) => bead.frame === row.frame);
      const nearest = beads.reduce((best, bead) => (distance(bead, row) < distance(best, row) ? bead : best));
      const isAlone = beads.every((bead) => bead === nearest || distance(bead, row) > 40);
      return isAlone && distance(nearest, row) < 2 ? [{ error: row.x! - nearest.x!, ep: row.ep! }] : [];
    });
  const rms = (values: readonly number[]) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  const gaussian = errors("gaussian.csv");
  expect(gaussian.length).toBeGreaterThan(100);
  expect(rms(gaussian.map(({ error }) => error))).toBeLessThan(rms(errors("centroid.csv").map(({ error }) => error)));
  const pull = rms(gaussian.map(({ error, ep }) => error / ep));
  expect(pull).toBeGreaterThan(0.8);
  expect(pull).toBeLessThan(1.25);
});

test("--min-track-length is the whole table without its short tracks, and flags tell gaps, edges and neighbours", async () => {
  const shell = openShell("length");
  const blinking = `${sim} --blink 0.1 --drift 0.4,0`;
  const options = "track --preset tweezer --minmass 1000 --flags";
  await shell.mote(`run ${blinking} then ${options} then archive --out all.csv`);
  await shell.mote(`run ${blinking} then ${options} --min-track-length 8 then archive --out long.csv`);
  const all = readTable(shell.folder, "all.csv");
  const lengths = new Map<number, number>();
  for (const row of all) lengths.set(row.particle_id!, (lengths.get(row.particle_id!) ?? 0) + 1);
  const key = (row: Row) => `${row.frame} ${row.particle_id} ${row.x} ${row.flags}`;
  const expected = all.filter((row) => lengths.get(row.particle_id!)! >= 8).map(key);
  expect(readTable(shell.folder, "long.csv").map(key)).toEqual(expected);
  expect(expected.length).toBeLessThan(all.length);
  for (const bit of [1, 4, 8]) expect(all.some((row) => (row.flags! & bit) !== 0)).toBe(true);
  for (const row of all) {
    const isNearEdge = Math.min(row.x!, row.y!) < 21 || Math.max(row.x!, row.y!) > 255 - 21;
    expect((row.flags! & 4) !== 0).toBe(isNearEdge);
  }
});

test("rings are found where they are, followed or searched in every frame", async () => {
  const shell = openShell("rings");
  const rings =
    "acquire --camera sim --size 300x300 --bead-shape ring --bead-sigma 8 --beads 8 --amplitude-spread 0 --frames 8 --seed 4 --truth truth.csv";
  await shell.mote(
    `run ${rings} then track --locator ring --diameter 23 --line-width 5 --search-range 6 then archive --out searched.csv`,
  );
  await shell.mote(
    `run ${rings.replace("truth.csv", "again.csv")} then track --locator ring --diameter 23 --line-width 5 --search-range 6 --search-every 6 then archive --out followed.csv`,
  );
  const truth = readTable(shell.folder, "truth.csv");
  for (const name of ["searched.csv", "followed.csv"]) {
    const found = readTable(shell.folder, name);
    expect(found.length).toBeGreaterThan(40);
    for (const row of found) {
      const near = truth.filter((bead) => bead.frame === row.frame && distance(bead, row) < 0.1);
      expect(near).toHaveLength(1);
      expect(Math.abs(row.size! - 8 * Math.SQRT2)).toBeLessThan(2);
    }
  }
});

test("a search range beyond half the mean spacing is warned of, with the likely subnet", async () => {
  const { err, code } = await openShell("crowded").mote(
    `run ${sim} then ${track} --search-range 60 then archive --out x.csv`,
  );
  expect(code).toBe(0);
  expect(err).toMatch(
    /warning: track: the search range is more than half the mean spacing of \d+\.\d px: about \d+ particles/,
  );
});

test("options that mean nothing together are refused, all at once", async () => {
  const { err, code } = await openShell("lone").mote(
    `run ${sim} then track --diameter 21 --sigma 3 --gain 2 --adaptive-step 0.9 --min-track-length 5 --polarity dark --roi 0,0,900,3 then archive --out x.csv`,
  );
  expect(code).toBe(2);
  for (const name of ["--sigma", "--gain", "--adaptive-step", "--min-track-length", "--polarity", "--roi"]) {
    expect(err).toContain(`error: track, ${name}`);
  }
});

test("tiles that cannot give the whole frame's answer are refused before anything is opened, with what would do", async () => {
  const shell = openShell("tile-refusals");
  const refusal = async (options: string) => {
    const { code, err } = await shell.mote(
      `run acquire --camera sim --size 600x600 --frames 1 then track ${options} then archive --out a.csv`,
    );
    expect(code).toBe(2);
    return err;
  };
  expect(await refusal("--preset tweezer --tile-overlap 28")).toContain("--tile-overlap: must be at least 29");
  expect(await refusal("--preset tweezer --diameter 31")).toContain("Give 39 or more");
  expect(await refusal("--diameter 21 --tile-overlap 40")).toContain("without --tile-width or without --tile-height");
  expect(await refusal("--diameter 21 --locator ring --tile-width 256")).toContain(
    "Rings are searched in whole frames",
  );
});
