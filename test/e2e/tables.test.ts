/** The reference tables, through the real shell; skipped where ../shared/data is missing. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { compareTracks, dataFolder, testWithData } from "../judges.js";
import { openShell } from "./shell.js";

const scenes = [
  ["bulk_water_a", "bulk_water_a.tif", "--diameter 11 --minmass 160 --invert --search-range 5 --memory 3", "link"],
  ["bulk_water_b", "bulk_water_a.tif --frames 5", "--diameter 11 --minmass 0 --invert", ""],
  [
    "bulk_water_c",
    "bulk_water_a.tif --frames 5",
    "--diameter 15 --minmass 100 --separation 9 --percentile 30 --noise-size 1.5 --smoothing-size 21 --invert --topn 120",
    "",
  ],
  [
    "beads_2048",
    "beads_2048.tif",
    "--diameter 21 --separation 18 --minmass 100 --percentile 14 --search-range 8 --memory 1",
    "link",
  ],
] as const;

for (const [table, file, options, mode] of scenes) {
  testWithData(`${table}: every feature and every track of the table, by pipe and by run, the same bytes`, async () => {
    const shell = openShell(table);
    const acquire = `acquire ${join(dataFolder, file)}`;
    const piped = await shell.run(
      `mote ${acquire} | mote track ${options} | mote archive --out piped.csv --out piped.h5`,
    );
    expect(piped).toMatchObject({ code: 0, out: "" });
    const composed = await shell.mote(`run ${acquire} then track ${options} then archive --out run.csv`);
    expect(composed).toMatchObject({ code: 0, out: "" });
    expect(readFileSync(join(shell.folder, "run.csv")).equals(readFileSync(join(shell.folder, "piped.csv")))).toBe(
      true,
    );
    const judged = await shell.run(`node ${compareTracks} run.csv ${join(dataFolder, `${table}.csv`)} 1 ${mode}`);
    expect(judged.out).toMatch(/matched 100\.000%/);
    expect(judged.code).toBe(0);
  });
}

testWithData("the PNGs as they came give the frames of the converted TIFF", async () => {
  const shell = openShell("png");
  const options = "--diameter 11 --minmass 160 --invert";
  await shell.mote(
    `run acquire ${join(dataFolder, "bulk_water_png")} then track ${options} then archive --out png.csv`,
  );
  await shell.mote(
    `run acquire ${join(dataFolder, "bulk_water_a.tif")} --frames 5 then track ${options} then archive --out tif.csv`,
  );
  const without = (name: string) =>
    readFileSync(join(shell.folder, name), "utf8")
      .split("\n")
      .map((line) => line.split(",").toSpliced(8, 1).join());
  expect(without("png.csv")).toEqual(without("tif.csv"));
  expect(without("tif.csv").length).toBeGreaterThan(1000);
});
