/** Composes stages in one process over one pool, from a run file or from the command line. */
import { refusal } from "../core/errors.js";
import { option } from "../core/option/option.js";
import { defineCommand } from "../core/pipeline/command.js";
import { failurePolicies } from "../core/pipeline/negotiate.js";
import { parseRunFile, splitAtThen } from "../core/pipeline/run-file.js";
import { summaries } from "./summaries.js";

export const run = defineCommand({
  name: "run",
  summary: summaries.run,
  description:
    "The same stages as in a shell pipeline, with the same results to the byte, without copying a frame between them. The word from begins a branch at an earlier stage. Options before the first stage (--json, --check) are the run's.",
  usage: "FILE.json | STAGE ... then STAGE ... from STAGE then STAGE ...",
  options: {
    onFailure: option.choice(failurePolicies, {
      doc: "What the others do when a stage fails or its disk is full: end-run, they end too; end-branch, they go on while a sink is left. Default: what the run file says, else end-run.",
    }),
    ledger: option.path({
      doc: "File for the run's ledger, as CSV: what became of every frame on every branch; a gap is one row.",
    }),
    check: option.flag({
      doc: "Say what would run, with formats, links, slots and memory, and open nothing.",
      default: false,
    }),
  },
  examples: [
    {
      cmd: "run acquire fixtures/beads.mote then track --diameter 21 --minmass 500 --search-range 8 then archive --out tracks.csv",
      shows: "The three stages of a shell pipeline in one process.",
    },
    {
      cmd: "run acquire fixtures/beads.mote then track --diameter 21 --minmass 500 then archive --out tracks.csv from acquire then compress --out jxl",
      shows: "Two branches from one source: tracks, and every frame compressed.",
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
