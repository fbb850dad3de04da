/** Recovers one file or folder: what its format gives back, and what the lock beside it says of its end. */
import { decoding } from "../../decoding.js";
import type { ArchiveFormat } from "../archive-formats.js";
import { holderClause, lockBeside } from "../claim/lock-beside.js";
import { type RecoverContext, Recovery } from "./recovery.js";

export async function recoverFile(
  path: string,
  out: string,
  recoverOne: NonNullable<ArchiveFormat["recover"]>,
  context: RecoverContext,
  onProgress?: (done: number, total: number) => void,
): Promise<Recovery> {
  const recovery = new Recovery(path, out, onProgress);
  const before = lockBeside(path);
  const recover = await recoverOne();
  await decoding(() => recover(recovery, context));
  const found = lockBeside(path) ?? before;
  // A format's own mark of its end says more than a lock, unless somebody writes just now.
  if (found && (found.state === "alive" || recovery.ending !== "finished")) {
    if (recovery.ending === "unfinished") recovery.note(holderClause(found));
    else recovery.lost(`what comes behind, if anything: ${holderClause(found)}`, null);
    recovery.unfinished();
  }
  return recovery;
}
