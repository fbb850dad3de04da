/** The truth about simulated beads as CSV: `frame,bead,y,x,amplitude`, one row for each bead in view, under its name only when whole. */
import type { Problem } from "../../errors.js";
import type { FrameShape } from "../../model/descriptor.js";
import { type ClaimRequest, claimProblem } from "../../storage/claim/claim.js";
import type { Replaceable } from "../../storage/claim/replaceable.js";
import { singleFile } from "../../storage/claim/single-file.js";
import { openWholeOutput, type WholeOutput } from "../../storage/claim/whole-output.js";
import { mistakenFormat } from "../../storage/container-for.js";
import type { BeadField } from "./bead-field.js";

const flushAt = 1 << 18;

export class TruthFile {
  readonly #shape: FrameShape;
  readonly #output: WholeOutput;
  #text = "frame,bead,y,x,amplitude\n";

  constructor(path: string, shape: FrameShape) {
    this.#shape = shape;
    this.#output = openWholeOutput(requestOf(path), "acquire");
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
    if (failed) {
      this.#output.giveUp();
      return;
    }
    this.#flush();
    this.#output.finish();
  }

  #flush(): void {
    this.#output.write(Buffer.from(this.#text));
    this.#text = "";
  }
}

/** A camera has no --force. */
const neverReplaced: Replaceable = {
  ...singleFile,
  refused: (path) =>
    singleFile.refused(path, true) ?? {
      code: "exists-already",
      what: "exists already",
      hint: "Remove it or choose another name.",
    },
};

function requestOf(path: string): ClaimRequest {
  return { where: `acquire, --truth ${path}`, path, isForced: false, kind: neverReplaced };
}

/** What stands in the way of writing the truth to `path`. */
export function truthProblems(path: string): readonly Problem[] {
  const format = mistakenFormat(path, [".csv"]);
  const { where } = requestOf(path);
  if (format !== undefined)
    return [{ code: "bad-name", where, what: `is the name of another format (${format}), and the truth is a .csv` }];
  const problem = claimProblem(requestOf(path));
  return problem ? [problem] : [];
}
