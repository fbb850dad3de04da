/** What speaks against compressing into a folder, looked at before anything is opened. */
import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { codeOf, type Problem, reason } from "../../../errors.js";
import { frameBytes, type StreamDescriptor } from "../../../model/descriptor.js";
import { formatCount } from "../../../units.js";
import { lockProblem } from "../../claim/lock.js";
import type { DiskPlan } from "../../disk/disk-options.js";
import { spaceProblems } from "../../disk/space-problems.js";
import { nearestFolder } from "../../files.js";
import type { FrameNames } from "../../image-folder/name-template.js";
import { type JournalContent, readJournal } from "./journal.js";

/** What a frame takes of its size at the most, by experience: noisy camera frames 0.4, the noisiest below this. */
const mostShare = 0.6;

export interface FolderWanted {
  readonly where: string;
  readonly folder: string;
  readonly names: FrameNames;
  readonly isResumed: boolean;
  readonly journal: string;
  readonly disk: DiskPlan;
}

export function folderProblems(wanted: FolderWanted, input: StreamDescriptor): readonly Problem[] {
  const { where, folder, journal: name } = wanted;
  const there = statSync(folder, { throwIfNoEntry: false });
  if (there && !there.isDirectory())
    return [{ code: "wrong-kind-of-file", where, what: "is not a folder", hint: "Choose another name." }];
  const base = there ? resolve(folder) : nearestFolder(folder);
  if (!statSync(base).isDirectory())
    return [{ code: "wrong-kind-of-file", where, what: `cannot be made: ${base} is not a folder` }];
  try {
    accessSync(base, constants.W_OK | constants.X_OK);
  } catch {
    return [
      { code: "no-permission", where, what: `the folder ${base} cannot be written to`, hint: "Choose another folder." },
    ];
  }
  if (!there) return tooFull(wanted, base, input.frameCount, input);
  const held = lockProblem(join(folder, name));
  if (held) return [{ where, ...held, what: `${join(folder, name)} ${held.what}` }];
  if (!wanted.isResumed) {
    const problem = inTheWay(wanted);
    return problem ? [problem] : tooFull(wanted, base, input.frameCount, input);
  }
  let journal: JournalContent | undefined;
  try {
    journal = readJournal(folder, name);
  } catch (error) {
    return [
      {
        code: codeOf(error, "file-damaged"),
        where,
        what: reason(error),
        hint: "Repair that line of the journal, or compress into another folder.",
      },
    ];
  }
  const kind = journal?.descriptor ? kindProblem(where, journal.descriptor, input) : undefined;
  if (kind) return [kind];
  const done = journal?.byFrame.size ?? 0;
  return tooFull(wanted, base, input.frameCount === null ? null : Math.max(0, input.frameCount - done), input);
}

function inTheWay({ where, folder, names, journal }: FolderWanted): Problem | undefined {
  const there = readdirSync(folder);
  if (there.includes(journal)) {
    return {
      code: "exists-already",
      where,
      what: `${join(folder, journal)} exists already`,
      hint: "Choose another folder, or --resume to go on with the run that is there.",
    };
  }
  const taken = there.filter((name) => names.isOurs(name)).sort();
  if (taken.length === 0) return undefined;
  const more = taken.length > 1 ? ` (and ${formatCount(taken.length - 1, "file")} more like it)` : "";
  return {
    code: "exists-already",
    where,
    what: `${join(folder, taken[0]!)} exists already${more}`,
    hint: "Choose another folder or another --name-template.",
  };
}

function kindProblem(where: string, before: StreamDescriptor, now: StreamDescriptor): Problem | undefined {
  const word = (of: StreamDescriptor) => `${of.shape?.width}x${of.shape?.height} ${of.pixelFormat}`;
  if (word(before) === word(now)) return undefined;
  return {
    code: "frames-differ",
    where,
    what: `the journal there is of ${word(before)} frames, these are ${word(now)}`,
    hint: "Resume with the stream that was cut, or choose another folder.",
  };
}

/** Also for folders that are not there: `base` is, or will hold them. */
export function tooFull(
  { where, disk }: Pick<FolderWanted, "where" | "disk">,
  base: string,
  count: number | null,
  input: StreamDescriptor,
): readonly Problem[] {
  const frames = count === null ? null : { count, bytes: frameBytes(input) * mostShare };
  return spaceProblems([{ path: join(base, "frame"), where, frames, note: "compressed" }], disk);
}
