/** Recovers one file or folder: what its format gives back, and what the lock beside it says of its end. */
import { decoding } from "../../decoding.js";
import type { ArchiveFormat } from "../archive-formats.js";
import { holderClause, locksBeside } from "../claim/lock-beside.js";
import { extensionOf } from "../frame-store.js";
import { type RecoverContext, Recovery } from "./recovery.js";

export async function recoverFile(
  path: string,
  out: string,
  format: ArchiveFormat & Required<Pick<ArchiveFormat, "recover">>,
  context: RecoverContext,
  onProgress?: (done: number, total: number) => void,
): Promise<Recovery> {
  const recovery = new Recovery(path, out, onProgress);
  const locked = format.locked?.(path) ?? [path];
  const before = locksBeside(locked);
  const recover = await format.recover();
  await decoding(() => recover(recovery, context));
  const found = locksBeside(locked)[0] ?? before[0];
  // A format's own mark of its end says more than a lock, unless somebody writes just now.
  if (found && (found.state === "alive" || recovery.ending !== "finished")) {
    if (recovery.ending === "unfinished") recovery.note(holderClause(found));
    else recovery.lost(`what comes behind, if anything: ${holderClause(found)}`, null);
    recovery.unfinished();
  }
  if (recovery.ending === "unfinished" && [".csv", ".tsv"].includes(extensionOf(out))) {
    recovery.note(`a table has no place to say so: ${out} itself cannot be told from a finished one`);
  }
  return recovery;
}
