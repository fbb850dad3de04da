import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { acquire } from "../../src/commands/acquire.js";
import { seeded } from "../seed.js";
import { runSource } from "./run-source.js";
import { quickFolder } from "./storage/verify-recover.js";

const images = resolve("fixtures/images");
const folder = quickFolder("mote-acquire-");
afterAll(() => rmSync(folder, { recursive: true }));

test("flipped bytes in a compressed TIFF or PNG never crash: an error with a place, or pixels", async () => {
  const names = readdirSync(images).filter((name) =>
    /^(lzw|deflate|zstd|packbits|tiles|ome|imagej|grey|rgb|big)/.test(name),
  );
  const draw = seeded(12345);
  const random = (limit: number) => Math.floor(draw() * limit);
  let refusals = 0;
  for (const name of names) {
    for (let attempt = 0; attempt < 12; attempt++) {
      const bytes = readFileSync(join(images, name));
      if (attempt % 4 === 3) bytes.fill(0, random(bytes.length));
      else for (let flip = 0; flip < 3; flip++) bytes[random(bytes.length - 8) + 8]! ^= 1 << random(8);
      const path = join(folder, name);
      writeFileSync(path, attempt % 4 === 2 ? bytes.subarray(0, random(bytes.length)) : bytes);
      try {
        await runSource(acquire, { files: path, frames: 20 });
      } catch (error) {
        expect((error as Error).name, `${name}, attempt ${attempt}: ${(error as Error).stack}`).toBe("MoteError");
        refusals++;
      }
    }
  }
  expect(refusals).toBeGreaterThan(names.length * 3);
});
