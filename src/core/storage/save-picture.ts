/** Draws a frame and writes the picture whole or not at all. */
import { codeOf, failure, MoteError, reason } from "../errors.js";
import { drawFrame, type FrameDrawing } from "../imaging/draw/draw-frame.js";
import { encodePicture } from "../imaging/draw/encode-picture.js";
import { claimProblem } from "./claim/claim.js";
import { openWholeOutput } from "./claim/whole-output.js";

export function savePicture(where: string, path: string, drawing: FrameDrawing, isForced: boolean): void {
  const problem = claimProblem({ where, path, isForced });
  if (problem) throw new MoteError(problem, { exitCode: 2 });
  const bytes = encodePicture(drawFrame(drawing));
  const output = openWholeOutput({ where, path, isForced }, "inspect");
  try {
    output.write(bytes);
    output.finish();
  } catch (error) {
    output.giveUp();
    if (error instanceof MoteError) throw error;
    throw failure(codeOf(error), where, `${path} cannot be written: ${reason(error)}`, undefined, error);
  }
}
