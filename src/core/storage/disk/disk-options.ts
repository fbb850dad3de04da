/** What a run does when its disk is nearly full: the options that all sinks that write files share. */
import { option } from "../../option/option.js";

export const fullPolicies = ["stop", "tracks-only", "pause"] as const;
export type FullPolicy = (typeof fullPolicies)[number];

/** Room enough for the rest of the system and to look at the data. */
export const defaultMinFreeBytes = 1e9;

const minFree = option.number({
  doc: "Bytes to leave free on the disk. Without it and --on-full, a run whose length is known has to fit, and 1 GB stays free.",
  unit: "B",
  min: 0,
  metavar: "size",
});

const stop = "stop (the default): end the run in order";
const pause =
  "pause: wait until there is room again, or until Ctrl-C; what a live camera does meanwhile is --backpressure's to say";

/** Options of a sink that keeps frames only. */
export const frameDiskOptions = {
  minFree,
  onFull: option.choice(["stop", "pause"], {
    doc: `What to do when --min-free is reached or the disk takes no more. ${stop}. ${pause}. A disk that fails (an input/output error) ends the run in both. Whatever is not stored is counted; the exit code is 3.`,
  }),
};

/** Options of a sink that keeps frames and tracks. */
export const diskOptions = {
  minFree,
  onFull: option.choice(fullPolicies, {
    doc: `What to do when --min-free is reached or a disk takes no more. ${stop}. tracks-only: give up the pixels, keep the tracks; a .tif ends there, .h5 and .mote go on without images. ${pause}. A disk that fails (an input/output error) is treated as full, but not waited for. Whatever is not stored is counted; the exit code is 3.`,
  }),
};

/** What was decided, as plain data. */
export interface DiskPlan {
  readonly policy: FullPolicy;
  readonly minFreeBytes: number;
  /** The user said something about full disks: a run that will not fit may begin. */
  readonly isChosen: boolean;
}

export function diskPlan(given: {
  readonly minFree: number | undefined;
  readonly onFull: FullPolicy | undefined;
}): DiskPlan {
  return {
    policy: given.onFull ?? "stop",
    minFreeBytes: given.minFree ?? defaultMinFreeBytes,
    isChosen: given.minFree !== undefined || given.onFull !== undefined,
  };
}
