/** Composes stages in one process over one pool, from a run file or from the command line. */
import { refusal } from "../core/errors.js";
import { defineCommand } from "../core/pipeline/command.js";
import { parseRunFile, splitAtThen } from "../core/pipeline/run-file.js";
import { summaries } from "./summaries.js";

export const run = defineCommand({
  name: "run",
  summary: summaries.run,
  description:
    "The same stages as in a shell pipeline, with the same results to the byte, without copying a frame between them. Options before the first stage (--json, --quiet) are the run's.",
  usage: "FILE.json | STAGE ... then STAGE ...",
  options: {},
  examples: [
    {
      cmd: "run acquire fixtures/beads.mote then track --diameter 21 --minmass 500 --search-range 8 then archive --out tracks.csv",
      shows: "The three stages of a shell pipeline in one process.",
    },
    { cmd: "run examples/beads.json", shows: "The same from a file, for cron and for the lab book." },
  ],
  async compose(words) {
    const { stageNames } = await import("./index.js");
    const [first, ...rest] = words;
    if (first === undefined) {
      throw refusal(
        "bad-option",
        "run",
        "expected a run file or stages",
        "As in: mote run acquire --camera sim then track --diameter 21 then archive --out run.h5",
      );
    }
    if (stageNames.includes(first) || words.includes("then")) return splitAtThen(words, stageNames);
    if (rest.length > 0)
      throw refusal(
        "bad-option",
        "run",
        `expected one run file, got ${words.length} words`,
        "Join stages with the word then.",
      );
    const { readTextFile } = await import("../core/storage/text-file.js");
    return parseRunFile(first, readTextFile("run", first), stageNames);
  },
});
