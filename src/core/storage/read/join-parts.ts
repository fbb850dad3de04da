/** Files that are parts of one recording, one behind the other: which goes on with the one before, and which parts are missing. */
import type { ImageFileFacts, RecordingPart } from "../../imaging/image-file.js";
import { cutRecording, type RecordedLoss } from "../../model/recorded-loss.js";

export interface Joined {
  readonly recordedLoss?: RecordedLoss;
  /** It goes on with the recording of the file before it. */
  readonly isContinued?: true;
  /** The parts before it that are not among the files, in words. */
  readonly missingBefore?: string;
}

/** What is to be said with each file. A recording that lacks its last part is cut; nobody knows how many frames that had. */
export function joinParts(files: readonly Pick<ImageFileFacts, "recordedLoss" | "part">[]): readonly Joined[] {
  return files.map(({ recordedLoss, part }, at) => {
    const before = files[at - 1]?.part;
    const isContinued = goesOn(before, part);
    const isCut = part?.missingBehind && !goesOn(part, files[at + 1]?.part);
    const loss = isCut ? { ...(recordedLoss ?? cutRecording), isCut: true, isComplete: false } : recordedLoss;
    const missingBefore = part && missingWords(isContinued ? before : undefined, part);
    return {
      ...(loss && { recordedLoss: loss }),
      ...(isContinued && { isContinued }),
      ...(missingBefore && { missingBefore }),
    };
  });
}

function goesOn(before: RecordingPart | undefined, part: RecordingPart | undefined): true | undefined {
  if (!before || !part || before.recording !== part.recording || before.index >= part.index) return undefined;
  return before.row === part.row || undefined;
}

/** A first file of a recording may be one of its later parts; only that one which is not there is missed. */
function missingWords(before: RecordingPart | undefined, part: RecordingPart): string | undefined {
  if (!before) return part.missingBefore === null ? undefined : `${part.missingBefore} is missing`;
  const count = part.index - before.index - 1;
  if (count === 0) return undefined;
  if (count > 1) return `${count} parts before part ${part.index} are missing`;
  return `${part.missingBefore ?? `part ${part.index - 1}`} is missing`;
}
