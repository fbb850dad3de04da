/** A file that appears under its claimed name when the disk has all of it, or not at all: tables, pictures. */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { writeAll } from "../write-all.js";
import { besideName } from "./beside.js";
import { type ClaimRequest, claimName } from "./claim.js";
import { moveOwn, nameNew, removeOwnFile } from "./removal.js";

export interface WholeOutput {
  /** Throws the system's error. */
  write(bytes: Uint8Array): void;
  /** Waits for the disk and gives the file its name. */
  finish(): void;
  /** Leaves what was there as it was. Never throws. */
  giveUp(): void;
}

/** Claims the name; a refusal (exit code 2) when it cannot be had. `what`: who writes. */
export function openWholeOutput(request: ClaimRequest, what: string): WholeOutput {
  const claim = claimName(request, what);
  const temporary = besideName(claim.path, "part");
  let fd = -1;

  function close(): void {
    if (fd >= 0) closeSync(fd);
    fd = -1;
  }

  function giveUp(): void {
    try {
      close();
      removeOwnFile(temporary);
    } catch {
      // A hidden file more, which the next run removes.
    }
    claim.giveBack();
  }

  try {
    if (claim.wasAbandoned) removeOwnFile(temporary);
    fd = openSync(temporary, "wx");
  } catch (error) {
    claim.giveBack();
    throw error;
  }
  return {
    write(bytes) {
      writeAll(fd, bytes);
    },
    finish() {
      fsyncSync(fd);
      close();
      if (claim.growing === claim.path) nameNew(temporary, claim.path);
      else moveOwn(temporary, claim.growing);
      claim.settle("complete");
    },
    giveUp,
  };
}
