/** The other program that opens our files: Python with h5py and hdf5plugin, where MOTE_PYTHON names one. */
import { PythonJudge } from "./python-judge.js";

const judge = new PythonJudge("import sys, json\nimport h5py, hdf5plugin, numpy as np");
export const hasJudge = judge.isThere;
export const needsJudge = hasJudge ? "" : " (skipped: needs MOTE_PYTHON with h5py and hdf5plugin)";

/** Runs a script with h5py imported and `path` set; returns what it printed, parsed as JSON. */
export function askJudge(path: string, script: string): unknown {
  const ran = judge.ask(`path = sys.argv[1]\n${script}`, [path]);
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout);
}
