/** The options of a folder of TIFFs, one file a frame: how the files are called. */
import type { ParameterFault } from "../../../errors.js";
import { option } from "../../../option/option.js";
import { namesRun, templateFault } from "../../image-folder/name-template.js";
import { frameTemplate } from "../../root/run-names.js";
import { type Asked, defineChoices } from "../format.js";
import { tiffExtensions } from "./journal-names.js";

export interface TiffNames {
  /** Path of a frame's file inside the folder: "{date}/run_{run:03}_frame_{frame:06}.tiff". */
  readonly template: string;
  readonly run: number;
  /** Day the run started, local time, as 2026-11-20. */
  readonly date: string;
}

const plainTemplate = "frame_{frame:06}.tif";

export const tiffFolderChoices = defineChoices({
  key: "tiffNames",
  heading: "Folders of TIFFs:",
  noun: "a folder",
  howToGet: (isRooted) =>
    `${isRooted ? "Add --out .tif/" : "End the folder's name with /, as in --out tifs/,"} for one TIFF a frame.`,
  options: {
    nameTemplate: option.text({
      doc: `Names of the files of --out FOLDER/, one TIFF a frame: {frame} is its number ({frame:06} with zeros to six digits), {run} that of --run, {date} the day the run started, in local time; folders in front are made. Default ${plainTemplate}, with --root ${frameTemplate}.tif.`,
      metavar: "template",
    }),
    run: option.count({ doc: "Number that {run} in the name template stands for. Default 1.", min: 0 }),
  },
  settings: ({ nameTemplate, run }, { root, out: [folder = ""], date }): TiffNames => ({
    // Under --root the kind names the files.
    template: nameTemplate ?? (root === undefined ? plainTemplate : `${frameTemplate}${folder.slice(0, -1)}`),
    run: run ?? 1,
    date,
  }),
  faults: tiffFolderFaults,
});

/** What is wrong with how files are to be called; `out` are the folders: "tifs/", under --root ".tif/". */
export function tiffFolderFaults(
  o: { readonly nameTemplate: string | undefined; readonly run: number | undefined },
  { out, root }: Pick<Asked, "out" | "root">,
): ParameterFault<"out" | "nameTemplate" | "run">[] {
  const isRooted = root !== undefined;
  const bare = isRooted ? undefined : out.find((folder) => /^\.[a-z.]+\/$/i.test(folder));
  if (bare !== undefined) {
    const hint = "Name the folder, as in --out tifs/; an extension alone goes with --root.";
    return [{ field: "out", code: "bad-name", given: bare, what: "names no folder", hint }];
  }
  const template = o.nameTemplate ?? plainTemplate;
  const field = "nameTemplate";
  const fault = templateFault(template, tiffExtensions, { hasFolders: true });
  if (fault !== undefined) {
    const hint = "Such as frame_{frame:06}.tif or {date}/run_{run:03}_frame_{frame:06}.tiff.";
    return [{ field, code: "bad-name", given: template, what: fault, hint }];
  }
  if (isRooted && o.run !== undefined) {
    const hint = "Leave --run away: every run under --root has a number of its own.";
    return [{ field: "run", code: "option-conflict", what: "the run's number is given by --root", hint }];
  }
  if (isRooted && o.nameTemplate !== undefined && !namesRun(template)) {
    return [
      {
        field,
        code: "bad-name",
        given: template,
        what: "without {run} two runs would share names",
        hint: "Put {run} into it.",
      },
    ];
  }
  if (o.run === undefined || namesRun(template)) return [];
  const hint = "Put {run} into --name-template, or leave --run out.";
  return [{ field: "run", code: "option-conflict", what: "the name template has no {run}", hint }];
}
