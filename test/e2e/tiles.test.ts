/** Tiles of any size, worked on by any number of workers, beside whole frames, through the real program. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openShell } from "./shell.js";

test("tiles give the bytes of whole frames with any number of workers, whatever is refined and flagged", async () => {
  const shell = openShell("tiles");
  const camera = "acquire --camera sim --size 600x520 --beads 40 --frames 6";
  expect((await shell.mote(`${camera} --output whole.mote`)).code).toBe(0);
  let runs = 0;
  const found = async (options: string) => {
    runs++;
    const line = `run acquire whole.mote then track --preset tweezer ${options} then archive --out found${runs}.csv`;
    expect((await shell.mote(line)).code).toBe(0);
    return readFileSync(join(shell.folder, `found${runs}.csv`), "utf8");
  };
  for (const options of ["", "--refine radial-symmetry --flags --roi 9,20,580,470"]) {
    const whole = await found(`${options} --tile-width 600 --tile-height 520 --workers 2`);
    expect(whole.split("\n").length).toBeGreaterThan(100);
    for (const tiles of ["--workers 1", "--workers 2", "--workers 3 --tile-width 70 --tile-height 90"]) {
      expect(await found(`${options} ${tiles}`), `${options} ${tiles}`).toBe(whole);
    }
  }
});
