/** Recovers one file or folder: what its format gives back, and what the lock beside it says of its end. */
import { decoding } from "../../decoding.js";
import { holderClause, locksBeside } from "../claim/lock-beside.js";
import { containerFor, containers } from "../container-for.js";
import { extensionOf } from "../extension.js";
import type { Format } from "../formats/format.js";
import { type RecoverRequest, Recovery } from "./recovery.js";

/** Pixels have their checksums; rows of a table that nobody closed have none. */
const tornText =
  "the machine was started again since: of what was not synced, rows of detections may be torn, and nothing tells which";

export async function recoverFile(
  path: string,
  out: string,
  format: Format & Required<Pick<Format, "recover">>,
  request: RecoverRequest,
  onProgress?: (done: number, total: number) => void,
): Promise<Recovery> {
  const recovery = new Recovery(path, out, onProgress);
  const locked = format.locked?.(path) ?? [path];
  const before = locksBeside(locked);
  const recover = await format.recover();
  const context = {
    ...request,
    container: containers[extensionOf(out)],
    containerOf: () => containerFor(`recover, --out ${out}`, out),
  };
  await decoding(() => recover(recovery, context));
  const found = locksBeside(locked)[0] ?? before[0];
  // A format's own mark of its end says more than a lock, unless somebody writes just now.
  if (found && (found.state === "alive" || recovery.ending !== "finished")) {
    if (recovery.ending === "unfinished") recovery.note(holderClause(found));
    else recovery.lost(`what comes behind, if anything: ${holderClause(found)}`, null);
    recovery.unfinished();
    if (found.isOfEarlierStart) recovery.note(tornText);
  }
  if (recovery.ending === "unfinished" && [".csv", ".tsv"].includes(extensionOf(out))) {
    recovery.note(`a table has no place to say so: ${out} itself cannot be told from a finished one`);
  }
  return recovery;
}
