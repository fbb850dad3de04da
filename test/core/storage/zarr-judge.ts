/** The other programs that open our Zarr stores: zarr-python 3 and ome-zarr-models, where MOTE_PYTHON has them, and zarrita. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { python } from "../../judges.js";

const packages = "import zarr, ome_zarr_models, numpy";
export const hasZarrJudge =
  process.env.MOTE_REQUIRE_JUDGES !== undefined ||
  (python !== undefined && spawnSync(python, ["-c", packages]).status === 0);
export const needsZarrJudge = hasZarrJudge ? "" : " (skipped: needs MOTE_PYTHON with zarr and ome-zarr-models)";

/** A store is a hundred small files, each synced: in memory where there is such a disk. */
export const quickDisk = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Runs a script with zarr and numpy imported and `args` set; returns what it printed last, parsed as JSON. */
export function askZarr<Told>(args: readonly string[], script: string): Told {
  const imports = "import sys, json, zlib\nimport zarr, numpy as np\nargs = sys.argv[1:]\n";
  const ran = spawnSync(python ?? "", ["-c", `${imports}${script}`, ...args], { encoding: "utf8", maxBuffer: 1 << 26 });
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
