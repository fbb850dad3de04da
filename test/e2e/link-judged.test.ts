/** Linked tables as pandas reads them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { python, testWithPython } from "../judges.js";
import { openShell, root } from "./shell.js";

const tables = join(root, "fixtures/tables");
const shell = openShell("link-judged");

testWithPython(
  "pandas reads the linked tables: the same values, the tracks beside them (skipped: needs MOTE_PYTHON)",
  async () => {
    const script = [
      "import sys, pandas as pd",
      "was, now = pd.read_csv(sys.argv[1]), pd.read_csv(sys.argv[2])",
      "pd.testing.assert_frame_equal(was, now[was.columns], check_exact=True)",
      "print(now.particle_id.nunique(), len(now))",
    ].join("\n");
    writeFileSync(join(shell.folder, "judge.py"), script);
    for (const [was, file] of [
      ["thunderstorm.csv", "thunderstorm.csv"],
      ["walkers.parquet.csv", "walkers.parquet"],
    ]) {
      const linked = await shell.run(
        `mote link ${join(tables, file!)} --search-range ${file === "thunderstorm.csv" ? 535 : 5} --memory 3 > judged.csv && ${python} judge.py ${join(tables, was!)} judged.csv`,
      );
      expect(linked).toMatchObject({ code: 0, out: "8 156" });
    }
  },
);
