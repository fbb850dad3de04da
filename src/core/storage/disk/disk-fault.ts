/** What a refused write says about the disk: that it is full, that it fails, or nothing. */
import { MoteError, reason } from "../../errors.js";

/** `full`: it may be written again when there is room; `failed`: there is no use in trying again. */
export type DiskFault = "full" | "failed";

/** Why frames are lost then, in reports. */
export const lossReason: Readonly<Record<DiskFault, string>> = { full: "disk full", failed: "writing failed" };
/** A frame whose detections were kept without its pixels. */
export const imageNotStored = "image not stored";

const fullCodes = new Set(["ENOSPC", "EDQUOT"]);

/** What the error of a container's append means; undefined when it is no refusal but a defect of ours. */
export function diskFault(error: unknown): DiskFault | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== undefined && fullCodes.has(code)) return "full";
  }
  const isRefusal = error instanceof MoteError || (error as NodeJS.ErrnoException | undefined)?.syscall !== undefined;
  return isRefusal ? "failed" : undefined;
}

/** A refused write in the words of its container, "run.h5: writing after frame 7 failed: ...", for a warning that names the stage itself. */
export function diskComplaint(error: unknown): string {
  if (!(error instanceof MoteError)) return reason(error);
  const { where, what } = error.problems[0]!;
  return `${where.replace(/^\w+, (--(out|root) )?/, "")}: ${what}`;
}
