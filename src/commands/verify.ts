/** Says whether files are whole: every checksum, every frame decoded, what is stored against what was recorded. */
import { MoteError, type Problem } from "../core/errors.js";
import { option } from "../core/option/option.js";
import { defineCommand } from "../core/pipeline/command.js";
import type { Verdict } from "../core/storage/verify/verdict.js";
import { msSince, now } from "../core/time.js";
import { summaries } from "./summaries.js";

const options = {
  files: option.list<string>(
    option.path({
      doc: "A recording, an archive or a table; a folder of compressed frames or of single TIFFs, or the journal of one run in it; run.h5 for the parts of an archive that was split.",
      metavar: "file",
    }),
    { required: true },
  ),
  sample: option.count({
    doc: "Decode only so many frames, spread evenly, for a quick look; structure and ledger are checked as a whole, the frames between are told as not checked. Everything is checked when not given.",
    min: 1,
  }),
};

export const verify = defineCommand({
  name: "verify",
  summary: summaries.verify,
  description:
    "Exit code 0: all that can be checked is right; what cannot is named as not checked, and the file is not called whole then. 3: readable with loss, what is there is intact, as after a cut. 1: damaged, bytes are not those that were written. Of several files the worst decides. Frames that a recording itself says were lost are told and are no fault of the file.",
  usage: "FILE...",
  options,
  positional: "files",
  isConfined: () => true,
  examples: [
    { cmd: "verify fixtures/beads.mote", shows: "Every message against its checksum." },
    { cmd: "verify fixtures/beads.mote fixtures/tracked.mote --json", shows: "The same of two, for programs." },
  ],
  async run({ files, sample }, context) {
    const { filesOf, formatOf } = await import("../core/storage/archive-formats.js");
    const { exitCodeOf, worstOf } = await import("../core/storage/verify/verdict.js");
    const { verifyFile } = await import("../core/storage/verify/verify-file.js");
    const { verificationJson, verificationText } = await import("../core/storage/verify/verification-text.js");
    const problems: Problem[] = [];
    const known = (await Promise.all(files.map(filesOf))).flat().flatMap((path) => {
      try {
        return [{ path, format: formatOf(`verify, ${path}`, path) }];
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
        problems.push(...error.problems);
        return [];
      }
    });
    if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });

    const texts: string[] = [];
    const reports: ReturnType<typeof verificationJson>[] = [];
    const verdicts: Verdict[] = [];
    for (const { path, format } of known) {
      const startedAt = now();
      const onProgress = (done: number, total: number) => context.progress(path, done, total);
      const report = await verifyFile(path, format, { sample: sample ?? null }, onProgress);
      const elapsedMs = msSince(startedAt);
      texts.push(verificationText(report, elapsedMs));
      reports.push(verificationJson(report, elapsedMs));
      verdicts.push(report.verdict);
    }
    const worst = worstOf(verdicts);
    return { text: texts.join("\n\n"), json: { verdict: worst, files: reports }, exitCode: exitCodeOf[worst] };
  },
});
