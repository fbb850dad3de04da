/** The other program that opens our files: Python with h5py and hdf5plugin, where MOTE_PYTHON names one. */
import { spawnSync } from "node:child_process";

export const python = process.env.MOTE_PYTHON ?? "";
export const hasJudge = python !== "" && spawnSync(python, ["-c", "import h5py, hdf5plugin"]).status === 0;
export const needsJudge = hasJudge ? "" : " (skipped: needs MOTE_PYTHON with h5py and hdf5plugin)";

/** Runs a script with h5py imported and `path` set; returns what it printed, parsed as JSON. */
export function askJudge(path: string, script: string): unknown {
  const source = `import sys, json\nimport h5py, hdf5plugin, numpy as np\npath = sys.argv[1]\n${script}`;
  const ran = spawnSync(python, ["-c", source, path], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout);
}
