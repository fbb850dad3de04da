/** The bar on a terminal's stderr; cli-progress is loaded only when there is one. */
import { oneLine, printable } from "../printable.js";
import { formatCount } from "../units.js";
import type { Snapshot } from "./progress.js";
import { diskText } from "./report-text.js";

export interface ProgressBar {
  update(now: Snapshot): void;
  say(text: string): void;
  stop(): void;
}

/** `frameCount` null: a source without an end; the bar then counts instead of filling. */
export async function openBar(name: string, frameCount: number | null): Promise<ProgressBar> {
  const { default: cliProgress } = await import("cli-progress");
  // Braces would be taken for names of values.
  const label = oneLine(name, 60).replaceAll(/[{}]/g, "");
  const multi = new cliProgress.MultiBar({
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    format: frameCount === null ? `${label}  {frames}  {rest}` : `${label}  {bar} {percentage}%  {frames}  {rest}`,
    barCompleteChar: "━",
    barIncompleteChar: "─",
    barsize: 24,
    gracefulExit: false,
    emptyOnZero: true,
  });
  const bar = multi.create(frameCount ?? 1, 0, { frames: "", rest: "starting" });
  return {
    update(now) {
      const rest = [`${now.fps.toFixed(1)} fps`];
      if (now.particles > 0) rest.push(formatCount(now.particles, "particle"));
      if (now.spooled > 0) rest.push(`${formatCount(now.spooled, "frame")} in the spool`);
      rest.push(now.lost === 0 ? "nothing lost" : `${now.lost} lost`);
      const disk = diskText(now.diskFullInS);
      if (disk) rest.push(disk);
      bar.update(Math.min(now.frames, frameCount ?? 0), {
        frames: formatCount(now.frames, "frame"),
        rest: rest.join("  "),
      });
    },
    say(text) {
      multi.log(`${printable(text)}\n`);
      multi.update();
    },
    stop() {
      multi.stop();
    },
  };
}
