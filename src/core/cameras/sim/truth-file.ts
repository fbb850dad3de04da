/** The truth about simulated beads as CSV: `frame,bead,y,x,amplitude`, one row for each bead in view, under its name only when whole. */
import { closeSync, existsSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Problem } from "../../errors.js";
import type { FrameShape } from "../../model/descriptor.js";
import type { BeadField } from "./bead-field.js";

const flushAt = 1 << 18;

export class TruthFile {
  readonly #path: string;
  readonly #partial: string;
  readonly #shape: FrameShape;
  readonly #descriptor: number;
  #text = "frame,bead,y,x,amplitude\n";

  constructor(path: string, shape: FrameShape) {
    this.#path = path;
    this.#partial = `${path}.partial`;
    this.#shape = shape;
    this.#descriptor = openSync(this.#partial, "w");
  }

  /** Adds the beads whose centre is inside the frame; dark ones have amplitude 0. */
  add(frameNumber: number, beads: BeadField): void {
    for (let bead = 0; bead < beads.count; bead++) {
      const [y, x] = [beads.y[bead]!, beads.x[bead]!];
      if (y < -0.5 || x < -0.5 || y >= this.#shape.height - 0.5 || x >= this.#shape.width - 0.5) continue;
      this.#text += `${frameNumber},${beads.identity[bead]},${y.toFixed(6)},${x.toFixed(6)},${beads.amplitude[bead]!.toFixed(3)}\n`;
    }
    if (this.#text.length >= flushAt) this.#flush();
  }

  close(failed: boolean): void {
    if (!failed) this.#flush();
    closeSync(this.#descriptor);
    if (failed) rmSync(this.#partial, { force: true });
    else renameSync(this.#partial, this.#path);
  }

  #flush(): void {
    const bytes = Buffer.from(this.#text);
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#descriptor, bytes, done);
    this.#text = "";
  }
}

/** What stands in the way of writing the truth to `path`. */
export function truthProblems(path: string): readonly Problem[] {
  const where = `acquire, --truth ${path}`;
  if (existsSync(path)) return [{ where, what: "the file exists", hint: "Remove it or choose another name." }];
  if (existsSync(dirname(path))) return [];
  return [{ where, what: `the folder ${dirname(path)} does not exist`, hint: "Create it first." }];
}
