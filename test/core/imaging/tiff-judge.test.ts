import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { acquire } from "../../../src/commands/acquire.js";
import { python, testWithPython } from "../../judges.js";
import { runSource } from "../run-source.js";

interface Made {
  readonly name: string;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  readonly pixelFormat: string;
}

describe("TIFFs by tifffile at random sizes (skipped: needs MOTE_PYTHON with tifffile)", () => {
  testWithPython(
    "every codec, layout, type, byte order, size of offsets and predictor gives its pixels",
    {
      timeout: 120_000,
    },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "mote-judge-"));
      const seed = Number(process.env.MOTE_SEED ?? 1);
      execFileSync(python!, [join(import.meta.dirname, "judge-tiffs.py"), folder, `${seed}`]);
      const list = JSON.parse(readFileSync(join(folder, "list.json"), "utf8")) as Made[];
      expect(list.length).toBeGreaterThan(300);
      const wrong: string[] = [];
      for (const { name, frames, height, width, pixelFormat } of list) {
        const run = await runSource(acquire, { files: join(folder, `${name}.tif`) });
        const same =
          run.frames.length === frames &&
          run.output.shape.height === height &&
          run.output.shape.width === width &&
          run.output.pixelFormat === pixelFormat &&
          Buffer.concat(run.frames.map((frame) => Buffer.from(frame.pixels.buffer))).equals(
            readFileSync(join(folder, `${name}.raw`)),
          );
        if (!same) wrong.push(name);
      }
      rmSync(folder, { recursive: true });
      expect(wrong, `seed ${seed}`).toEqual([]);
    },
  );
});
