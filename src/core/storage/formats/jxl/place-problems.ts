/** What a user asks for of the place of compressed frames: --out, --root, --run and --name-template beside each other. */
import type { Problem } from "../../../errors.js";
import { namesRun, templateFault } from "../../image-folder/name-template.js";
import { frameTemplate } from "../../root/run-names.js";

interface Asked {
  readonly out: string | undefined;
  readonly root: string | undefined;
  readonly nameTemplate: string | undefined;
  readonly run: number | undefined;
  readonly resume: boolean;
}

export function templateOf({ nameTemplate, root }: Pick<Asked, "nameTemplate" | "root">): string {
  return nameTemplate ?? `${root === undefined ? "frame_{frame:06}" : frameTemplate}.jxl`;
}

/** What does not go together in what was asked for. */
export function placeProblems(asked: Asked): Problem[] {
  const { out, root, run, resume } = asked;
  const template = templateOf(asked);
  const problems: Problem[] = [];
  if ((out === undefined) === (root === undefined)) {
    const what = out === undefined ? "expected --out or --root, got neither" : "expected --out or --root, got both";
    problems.push({
      code: "option-conflict",
      where: "compress",
      what,
      hint: "--out is a folder for this run, --root one for all.",
    });
  }
  const where = `compress, --name-template ${template}`;
  const fault = templateFault(template, [".jxl"]);
  if (fault !== undefined) {
    const hint = "Such as frame_{frame:06}.jxl or run_{run:03}_frame_{frame:06}.jxl.";
    problems.push({ code: "bad-name", where, what: fault, hint });
  } else if (root !== undefined && !template.includes("run_{run")) {
    const hint = `Such as ${frameTemplate}.jxl: the runs of a day share a folder.`;
    problems.push({ code: "bad-name", where, what: "under --root a name has to have run_{run:03} in it", hint });
  } else if (run !== undefined && !namesRun(template)) {
    const hint = "Put {run} into --name-template, or leave --run out.";
    problems.push({ code: "option-conflict", where: "compress, --run", what: "the name template has no {run}", hint });
  }
  if (root !== undefined && resume) {
    const hint = `Name the day's folder, as in --out data/2026-11-20 --name-template '${frameTemplate}.jxl' --run 7 --resume.`;
    problems.push({
      code: "option-conflict",
      where: "compress, --resume",
      what: "the next run under --root has nothing to go on with",
      hint,
    });
  }
  return problems;
}
