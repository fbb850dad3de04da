/** The other programs that open our Zarr stores: zarr-python 3 and ome-zarr-models, where MOTE_PYTHON has them, and zarrita. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { PythonJudge } from "./python-judge.js";

const judge = new PythonJudge("import sys, json, zlib\nimport zarr, ome_zarr_models, numpy as np");
export const hasZarrJudge = process.env.MOTE_REQUIRE_JUDGES !== undefined || judge.isThere;
export const needsZarrJudge = hasZarrJudge ? "" : " (skipped: needs MOTE_PYTHON with zarr and ome-zarr-models)";

/** A store is a hundred small files, each synced: in memory where there is such a disk. */
export const quickDisk = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Runs a script with zarr and numpy imported and `args` set; returns what it printed last, parsed as JSON. */
export function askZarr<Told>(args: readonly string[], script: string): Told {
  const ran = judge.ask(`args = sys.argv[1:]\n${script}`, args);
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout) as Told;
}

/** Pixel `at` of frame `number` as the tests write it, the same in Python below. */
export function pixelOf(format: string, at: number, number: number): number {
  const value = (at * 31 + number * 7919 + ((at * at) % 127)) % 65521;
  if (format === "uint8") return value % 251;
  return format === "uint16" ? value % 4093 : (value - 30000) / 7;
}

/** `expected(number, height, width, dtype)`. */
export const expectedInPython = `
def expected(number, height, width, dtype):
    at = np.arange(height * width, dtype=np.int64)
    value = (at * 31 + number * 7919 + (at * at) % 127) % 65521
    if dtype == "uint8": value = value % 251
    elif dtype == "uint16": value = value % 4093
    else: value = (value - 30000) / 7
    return value.astype(dtype).reshape(height, width)
`;
