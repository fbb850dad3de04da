/** The options of a folder of TIFFs, one file a frame: how the files are called. */
import type { Problem } from "../../../errors.js";
import { type OptionsOf, option } from "../../../option/option.js";
import { namesRun, templateFault } from "../../image-folder/name-template.js";
import { frameTemplate } from "../../root/run-names.js";
import { tiffExtensions } from "./journal-names.js";

export interface TiffNames {
  /** Path of a frame's file inside the folder: "{date}/run_{run:03}_frame_{frame:06}.tiff". */
  readonly template: string;
  readonly run: number;
  /** Day the run started, local time, as 2026-11-20. */
  readonly date: string;
}

const plainTemplate = "frame_{frame:06}.tif";

export const tiffFolderOptions = {
  nameTemplate: option.text({
    doc: `Names of the files of --out FOLDER/, one TIFF a frame: {frame} is its number ({frame:06} with zeros to six digits), {run} that of --run, {date} the day the run started, in local time; folders in front are made. Default ${plainTemplate}, with --root ${frameTemplate}.tif.`,
    metavar: "template",
  }),
  run: option.count({ doc: "Number that {run} in the name template stands for. Default 1.", min: 0 }),
};

/** What is wrong with these options; `folders` are the --out that are folders: "tifs/", under --root ".tif/". */
export function tiffFolderProblems(
  o: OptionsOf<typeof tiffFolderOptions> & { readonly root?: string | undefined },
  folders: readonly string[],
): Problem[] {
  const isRooted = o.root !== undefined;
  if (folders.length === 0) {
    const given = o.nameTemplate !== undefined ? "--name-template" : o.run !== undefined ? "--run" : undefined;
    if (given === undefined) return [];
    const example = isRooted ? "Add --out .tif/" : "End the folder's name with /, as in --out tifs/,";
    return [{ where: `archive, ${given}`, what: "no --out is a folder", hint: `${example} for one TIFF a frame.` }];
  }
  const bare = isRooted ? undefined : folders.find((folder) => /^\.[a-z.]+\/$/i.test(folder));
  if (bare !== undefined) {
    const hint = "Name the folder, as in --out tifs/; an extension alone goes with --root.";
    return [{ where: `archive, --out ${bare}`, what: "names no folder", hint }];
  }
  const template = o.nameTemplate ?? plainTemplate;
  const where = `archive, --name-template ${template}`;
  const fault = templateFault(template, tiffExtensions, { hasFolders: true });
  if (fault !== undefined) {
    const hint = "Such as frame_{frame:06}.tif or {date}/run_{run:03}_frame_{frame:06}.tiff.";
    return [{ where, what: fault, hint }];
  }
  if (isRooted && o.run !== undefined) {
    const hint = "Leave --run away: every run under --root has a number of its own.";
    return [{ where: "archive, --run", what: "the run's number is given by --root", hint }];
  }
  if (isRooted && o.nameTemplate !== undefined && !namesRun(template)) {
    return [{ where, what: "without {run} two runs would share names", hint: "Put {run} into it." }];
  }
  if (o.run === undefined || namesRun(template)) return [];
  const hint = "Put {run} into --name-template, or leave --run out.";
  return [{ where: "archive, --run", what: "the name template has no {run}", hint }];
}

/** How the files of a folder are called; `folder` is the first such --out, whose kind names the files under --root. */
export function tiffNames(
  o: OptionsOf<typeof tiffFolderOptions> & { readonly root?: string | undefined },
  folder: string | undefined,
  date: string,
): TiffNames {
  const usual = o.root === undefined ? plainTemplate : `${frameTemplate}${(folder ?? "").slice(0, -1)}`;
  return { template: o.nameTemplate ?? usual, run: o.run ?? 1, date };
}
