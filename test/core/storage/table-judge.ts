/** The other programs that open our tables: Python with pyarrow and pandas, where MOTE_PYTHON names one. */
import { spawnSync } from "node:child_process";
import { python } from "../../judges.js";

const imports = "import sys, json, numpy as np, pandas as pd, pyarrow.parquet as pq";
export const hasTableJudge = python !== undefined && spawnSync(python, ["-c", imports]).status === 0;
export const needsTableJudge = hasTableJudge ? "" : " (skipped: needs MOTE_PYTHON with pyarrow and pandas)";

/** Runs a script with both imported and `paths` set; returns what it printed, parsed as JSON. */
export function askPandas<Told>(paths: readonly string[], script: string): Told {
  const ran = spawnSync(python ?? "", ["-W", "error", "-c", `${imports}\npaths = sys.argv[1:]\n${script}`, ...paths], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout) as Told;
}
