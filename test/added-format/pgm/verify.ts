import { EndsEarly, FormatProblem } from "../../../src/core/format-problem.js";
import { openFileSource } from "../../../src/core/storage/read/file-source.js";
import type { Verify } from "../../../src/core/storage/verify/verification.js";
import { pgmImages } from "./read.js";

export const verifyPgm: Verify = async (path, report) => {
  const source = openFileSource(path);
  report.bytes = source.sizeBytes;
  report.frames = 0;
  try {
    for (const { end } of pgmImages(source)) {
      report.frames++;
      await report.progress(end, source.sizeBytes);
    }
  } catch (error) {
    if (!(error instanceof FormatProblem)) throw error;
    const place = error.byte === undefined ? {} : { byte: error.byte };
    if (error instanceof EndsEarly) report.missing("completeness", error.message, place);
    else report.damaged("structure", error.message, place);
  } finally {
    source.close();
  }
  report.checked("structure", `${report.frames} images`);
  report.notChecked("pixels", "there is no checksum of them");
  report.notChecked("end", "a file of images has no mark of its end");
};
