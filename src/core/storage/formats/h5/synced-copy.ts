/** An HDF5 archive as it was at its last sync, for who recovers it after a power cut. */
import { closeSync, constants, copyFileSync, openSync, statSync } from "node:fs";
import { crc32 } from "node:zlib";
import { MoteError } from "../../../errors.js";
import { besideName } from "../../claim/beside.js";
import { removeOwnFile } from "../../claim/removal.js";
import { frameFor, type Salvage } from "../../recover/recover-frames.js";
import { Recovery } from "../../recover/recovery.js";
import { readUndoJournal, undo } from "./undo-journal.js";

/** Opens a file to be read; throws a MoteError where the library does not. */
type Open = (path: string, recovery: Recovery) => Promise<Salvage>;

/**
 * The file as it was at its last sync, in a copy, where what stands behind that sync may be torn: where the power was cut or the disk was
 * taken away. Undefined where it has no journal, or has all that was written, as after a kill.
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
    const synced = await looked(copy, open);
    // Of another start it does not matter how the file looks.
    if (!synced || (state.isSameBoot && !isTorn(await looked(recovery.path, open), synced))) {
      removeOwnFile(copy);
      return undefined;
    }
    recovery.note(`in a copy, what was written over since the last sync was put back: ${whyOf(state.isSameBoot)}`);
    return await open(copy, recovery);
  } catch (error) {
    removeOwnFile(copy);
    throw error;
  }
}

function whyOf(isSameBoot: boolean): string {
  return isSameBoot
    ? "not all of it had reached the disk"
    : "the machine was started again since, or is another, and nobody can tell whether all that followed had reached the disk";
}

/** What can be got back of a file. */
interface Looked {
  /** CRC-32 of the pixels by frame number. */
  readonly frames: ReadonlyMap<number, number>;
  readonly losses: number;
  readonly isAscending: boolean;
}

/** A kill leaves a file that is whole after each write: what is less than that, behind the sync or before, did not come from one. */
function isTorn(found: Looked | undefined, synced: Looked): boolean {
  if (!found?.isAscending || found.losses > synced.losses) return true;
  return ![...synced.frames].every(([number, checksum]) => found.frames.get(number) === checksum);
}

/** Undefined of a file that does not open. */
async function looked(path: string, open: Open): Promise<Looked | undefined> {
  const recovery = new Recovery(path, path);
  let salvage: Salvage;
  try {
    salvage = await open(path, recovery);
  } catch (error) {
    if (error instanceof MoteError) return undefined;
    throw error;
  }
  try {
    const frames = new Map<number, number>();
    let isAscending = true;
    let last = -1;
    const { frame } = frameFor(salvage.descriptor, salvage.mostRows);
    for (;;) {
      const got = await salvage.next(frame, () => {});
      if (got === false) return { frames, isAscending, losses: recovery.lossCount };
      if (got !== true) continue;
      const { frameNumber } = frame.header;
      isAscending &&= frameNumber > last;
      last = frameNumber;
      frames.set(frameNumber, crc32(frame.pixelBytes));
    }
  } finally {
    salvage.close();
  }
}
