/** The other programs that open our tables: Python with pyarrow and pandas, where MOTE_PYTHON names one. */
import { PythonJudge } from "./python-judge.js";

const judge = new PythonJudge("import sys, json, numpy as np, pandas as pd, pyarrow.parquet as pq", ["-W", "error"]);
export const hasTableJudge = judge.isThere;
export const needsTableJudge = hasTableJudge ? "" : " (skipped: needs MOTE_PYTHON with pyarrow and pandas)";

/** Runs a script with both imported and `paths` set; returns what it printed, parsed as JSON. */
export function askPandas<Told>(paths: readonly string[], script: string): Told {
  const ran = judge.ask(`paths = sys.argv[1:]\n${script}`, paths);
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout) as Told;
}
