/**
 * The files that frames are replayed from, one after the other, and what became of their frames: which may be deleted.
 * A source is deleted only when every frame of it was stored, verified and synced, and the next one has begun or the run ended in order.
 */
import { lstatSync } from "node:fs";
import { reason } from "../../../errors.js";
import { type FileIdentity, identityOf, removeOpenedFile } from "../../claim/removal.js";

export interface SourceFiles {
  /** The file of the frames that come now, as the journal keeps it; empty for a camera's. */
  readonly current: { readonly sourceFile?: string };
  /** Sources deleted and kept so far; a source that is not to be deleted counts as neither. */
  readonly counts: { readonly deleted: number; readonly kept: number };
  /** Frames of another file begin, or with undefined no more will come. */
  next(file: string | undefined): void;
  /** A frame of this file is on the disk. */
  stored(isVerified: boolean): void;
  /** A frame of this file is not stored. */
  lost(): void;
}

/** With `isDeleted` sources are deleted (the names have to come from a source of this run, never from a stream); a source that cannot be is told with `warn` and kept. */
export function createSourceFiles(isDeleted: boolean, warn: (text: string) => void): SourceFiles {
  const counts = { deleted: 0, kept: 0 };
  let file: string | undefined;
  /** Of the file when its frames began: what has its name later may be another. */
  let identity: FileIdentity | undefined;
  let frames = 0;
  let isSafe = true;

  function finish(): void {
    if (!isDeleted || file === undefined) return;
    if (!isSafe || frames === 0) {
      counts.kept++;
      return;
    }
    try {
      if (identity === undefined || !removeOpenedFile(file, identity)) throw new Error("it is another file by now");
      counts.deleted++;
    } catch (error) {
      counts.kept++;
      warn(`${file} is stored and verified, but cannot be deleted: ${reason(error)}`);
    }
  }

  return {
    counts,
    get current() {
      return file === undefined ? {} : { sourceFile: file };
    },
    next(following) {
      finish();
      file = following;
      identity = isDeleted && file !== undefined ? identityAt(file) : undefined;
      frames = 0;
      isSafe = true;
    },
    stored(isVerified) {
      frames++;
      if (!isVerified) isSafe = false;
    },
    lost() {
      isSafe = false;
    },
  };
}

function identityAt(file: string): FileIdentity | undefined {
  const there = lstatSync(file, { bigint: true, throwIfNoEntry: false });
  return there?.isFile() ? identityOf(there) : undefined;
}
