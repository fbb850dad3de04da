/** Draws a frame and writes the picture whole or not at all. */
import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { failure, MoteError, reason } from "../errors.js";
import { drawFrame, type FrameDrawing } from "../imaging/draw/draw-frame.js";
import { encodePicture } from "../imaging/draw/encode-picture.js";
import { newFileProblem } from "./files.js";

export function savePicture(where: string, path: string, drawing: FrameDrawing, isForced: boolean): void {
  const problem = newFileProblem(where, path, isForced);
  if (problem) throw new MoteError(problem, { exitCode: 2 });
  const bytes = encodePicture(drawFrame(drawing));
  const temporary = `${path}.part`;
  try {
    writeFileSync(temporary, bytes);
    const fd = openSync(temporary, "r+");
    fsyncSync(fd);
    closeSync(fd);
    renameSync(temporary, path);
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never there.
    }
    throw failure(where, `${path} cannot be written: ${reason(error)}`, undefined, error);
  }
}
