/** The line of the progress bar, as wide as the terminal has room for. */
import type { Snapshot } from "../pipeline/snapshot.js";
import { formatCount } from "../units.js";
import { diskText } from "./report-text.js";

const widestBar = 24;
const narrowestBar = 6;

/** What a narrow terminal goes without, first to last: never without the word on losses. */
const expendable = ["particles", "fps", "spooled", "frames", "disk", "label"] as const;

/** `share` of the run that is done, 0 to 1; null: nobody knows, and there is no bar. `columns`: of the terminal. */
export function barText(label: string, now: Snapshot, share: number | null, columns: number): string {
  const parts = {
    label,
    bar: "",
    frames: formatCount(now.frames, "frame"),
    fps: `${now.fps.toFixed(1)} fps`,
    particles: now.particles > 0 ? formatCount(now.particles, "particle") : "",
    spooled: now.spooled > 0 ? `${formatCount(now.spooled, "frame")} in the spool` : "",
    lost: now.lost === 0 ? "nothing lost" : `${now.lost} lost`,
    disk: diskText(now.diskFullInS) ?? "",
  };
  const line = () =>
    Object.values(parts)
      .filter((part) => part !== "")
      .join("  ");
  // The last column is left alone: what clears the rest of a line would take what stands in it.
  const room = () => columns - 1 - line().length;
  if (share !== null) {
    parts.bar = `${Math.floor(share * 100)}%`;
    const size = Math.min(widestBar, room() - 1);
    if (size >= narrowestBar) parts.bar = `${drawn(share, size)} ${parts.bar}`;
  }
  for (const name of expendable) if (room() < 0) parts[name] = "";
  return line();
}

function drawn(share: number, size: number): string {
  const done = Math.round(share * size);
  return "━".repeat(done) + "─".repeat(size - done);
}
