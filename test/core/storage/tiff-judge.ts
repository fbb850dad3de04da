/** The other program that opens our TIFFs: Python with tifffile and imagecodecs, where MOTE_PYTHON names one. */
import type { PixelFormat } from "../../../src/core/model/pixel-format.js";
import { PythonJudge } from "./python-judge.js";

const judge = new PythonJudge("import sys, json, tifffile, imagecodecs, numpy as np");
export const hasTiffJudge = judge.isThere;
export const needsTiffJudge = hasTiffJudge ? "" : " (skipped: needs MOTE_PYTHON with tifffile and imagecodecs)";

/** Frame k of the tests as numpy sees it. */
const pattern = `def expected(k, h, w, dtype):
    v = np.arange(h * w) * 31 + k * 7919
    return {"uint8": v % 251, "uint16": v % 65521, "float32": v % 65521 - 30000.5}[str(dtype)].reshape(h, w)`;

/** The same, pixel by pixel: all bytes of a pixel change, float32 has both signs, and every value is exact. */
export function expectedPixel(pixelFormat: PixelFormat, at: number, frame: number): number {
  const value = at * 31 + frame * 7919;
  if (pixelFormat === "uint8") return value % 251;
  return pixelFormat === "uint16" ? value % 65521 : (value % 65521) - 30000.5;
}

/** Runs a script with tifffile imported and `paths` set; returns what it printed, parsed as JSON. */
export function askTifffile<Told>(paths: readonly string[], script: string): Told {
  const ran = judge.ask(`${pattern}\npaths = sys.argv[1:]\n${script}`, paths);
  if (ran.status !== 0) throw new Error(ran.stderr);
  // What tifffile doubts it says on stderr; about a good file it says nothing.
  if (ran.stderr !== "") throw new Error(`tifffile warns: ${ran.stderr}`);
  return JSON.parse(ran.stdout) as Told;
}
