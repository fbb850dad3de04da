/** Gets back what is whole in a damaged or cut file, into a new one; the old one is only read. */
import { MoteError, refusal } from "../core/errors.js";
import { option } from "../core/option/option.js";
import { defineCommand } from "../core/pipeline/command.js";
import { msSince, now } from "../core/time.js";
import { summaries } from "./summaries.js";

const options = {
  files: option.list<string>(
    option.path({ doc: "The file or folder to get frames and tables back from.", metavar: "file" }),
    { required: true },
  ),
  out: option.path({
    doc: "File to write, which must not exist; its extension decides what, as for archive. NAME.recovered.EXT beside the old one when not given.",
    metavar: "file",
  }),
};

export const recover = defineCommand({
  name: "recover",
  summary: summaries.recover,
  description:
    "The old file is only read. Every frame that is whole is copied, and what is missing is named. Exit code 0: everything that the file knows of was there. 3: something is missing, or the file was not finished. 1: nothing could be got back. A file of frames can become any container of frames: recover cut.mote --out whole.h5.",
  usage: "FILE",
  options,
  positional: "files",
  isConfined: () => true,
  examples: [
    { cmd: "recover fixtures/beads.mote --out beads.h5", shows: "Every whole frame of a recording, as HDF5." },
  ],
  async run({ files, out: given }, context) {
    if (files.length > 1)
      throw refusal(
        "bad-option",
        "recover",
        `expected one file, got ${files.length}`,
        "Recover them one after the other.",
      );
    const path = files[0]!;
    const where = `recover, ${path}`;
    const { filesOf, formatOf, recoveredName, standsForParts } = await import("../core/storage/archive-formats.js");
    const { outProblem } = await import("../core/storage/recover/out-problem.js");
    const { recoverFile } = await import("../core/storage/recover/recover-file.js");
    const { recoveryJson, recoveryText } = await import("../core/storage/recover/recovery-text.js");
    const parts = await filesOf(path);
    if (parts.length > 1 || parts[0] !== path) throw standsForParts(where, parts);
    const format = formatOf(where, path);
    const { recover: load } = format;
    if (!load)
      throw refusal(
        "unsupported",
        where,
        `is of a kind that nothing can be got back from (${format.name})`,
        "mote verify says what is wrong with it.",
      );
    const out = given ?? recoveredName(path);
    const { fileConflicts } = await import("../core/storage/claim/own-inputs.js");
    const writes = [{ where: `recover, --out ${out}`, file: out }];
    const conflicts = fileConflicts({ reads: [...context.reads, { where, file: path }], writes });
    if (conflicts.length > 0) throw new MoteError(conflicts, { exitCode: 2 });
    const problem = outProblem(out);
    if (problem) throw refusal(problem.code, problem.where, problem.what, problem.hint);

    const startedAt = now();
    const recoverContext = { where, version: context.version };
    const onProgress = (done: number, total: number) => context.progress(path, done, total);
    const recovery = await recoverFile(path, out, { ...format, recover: load }, recoverContext, onProgress);
    const elapsedMs = msSince(startedAt);
    return {
      text: recoveryText(recovery, elapsedMs),
      json: recoveryJson(recovery, elapsedMs),
      exitCode: recovery.hasLoss ? 3 : 0,
    };
  },
});
