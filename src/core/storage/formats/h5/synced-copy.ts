/** An HDF5 archive as it was at its last sync, for who recovers it after a power cut. */
import { closeSync, constants, copyFileSync, openSync, statSync } from "node:fs";
import { MoteError } from "../../../errors.js";
import { besideName } from "../../claim/beside.js";
import { removeOwnFile } from "../../claim/removal.js";
import { frameFor, type Salvage } from "../../recover/recover-frames.js";
import { Recovery } from "../../recover/recovery.js";
import { readUndoJournal, undo } from "./undo-journal.js";

/** Opens a file to be read; throws a MoteError where the library does not. */
type Open = (path: string, recovery: Recovery) => Promise<Salvage>;

/**
 * The file as it was at its last sync, in a copy, where it is not whole any more: after a power cut. Undefined where it has no
 * journal, or has all that it had then, as after a kill.
 */
export async function openSynced(copy: string, recovery: Recovery, open: Open): Promise<Salvage | undefined> {
  const state = readUndoJournal(besideName(recovery.path, "undo"));
  // A file that is shorter than what was synced is not the one that the journal is of.
  if (!state || statSync(recovery.path).size < state.syncedBytes) return undefined;
  copyFileSync(recovery.path, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  try {
    const fd = openSync(copy, "r+");
    try {
      undo(fd, state);
    } finally {
      closeSync(fd);
    }
    const [synced, found] = [await wholeFrames(copy, open), await wholeFrames(recovery.path, open)];
    if ([...synced].every((number) => found.has(number))) {
      removeOwnFile(copy);
      return undefined;
    }
    recovery.note("in a copy, what was written over since the last sync was put back: the power was cut");
    return await open(copy, recovery);
  } catch (error) {
    removeOwnFile(copy);
    throw error;
  }
}

/** Numbers of the frames that can be got back; none of a file that does not open. */
async function wholeFrames(path: string, open: Open): Promise<Set<number>> {
  const whole = new Set<number>();
  let salvage: Salvage;
  try {
    salvage = await open(path, new Recovery(path, path));
  } catch (error) {
    if (error instanceof MoteError) return whole;
    throw error;
  }
  try {
    const { frame } = frameFor(salvage.descriptor, salvage.mostRows);
    for (;;) {
      const got = await salvage.next(frame, () => {});
      if (got === false) return whole;
      if (got === true) whole.add(frame.header.frameNumber);
    }
  } finally {
    salvage.close();
  }
}
