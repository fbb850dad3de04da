/** What the files of a run are called under --root. */
import { extensionOf } from "../extension.js";

/** Names of frames that become files of their own: run_001_frame_000000.jxl; for --name-template. */
export const frameTemplate = "run_{run:03}_frame_{frame:06}";

/** "007": three digits, or as many as it takes. */
export function runText(run: number): string {
  return String(run).padStart(3, "0");
}

/** The number of the run that a file of any kind belongs to: run_007.tif, tracks_run_007.csv, .run_007_frame_000001.jxl.part. */
export function runOf(name: string): number | undefined {
  const digits = /(?:^|[^a-z0-9])run_(\d{1,9})(?!\d)/i.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** True for a bare kind, ".h5", or ".tif/" for one file a frame, as --out has it with --root. */
export function isKind(out: string): boolean {
  const kind = out.toLowerCase();
  return out.startsWith(".") && (kind === extensionOf(out) || kind === `${extensionOf(out)}/`);
}
