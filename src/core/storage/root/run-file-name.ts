import { containerFor } from "../container-for.js";
import { runText } from "./run-names.js";

/** The file of a kind: tracking_run_001.h5, tracks_run_001.csv (tables), run_001.tif (frames). */
export function runFileName(where: string, kind: string, run: number): string {
  const { rootStem, keepsFrames } = containerFor(where, kind);
  return `${rootStem ?? (keepsFrames ? "run" : "tracks_run")}_${runText(run)}${kind}`;
}
