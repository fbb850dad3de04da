/** A table or a run's documents as text: every line read and judged; a last line without an end is a cut. */
import { formatCount } from "../../units.js";
import { fileBytes } from "../files.js";
import type { Verify } from "../verify/verification.js";
import { judgedLines } from "./survey-text.js";

export const verifyTable: Verify = async (path, report) => {
  const { check, lines: judged } = judgedLines(path);
  report.bytes = fileBytes(path);
  let lines = 0;
  let rows = 0;
  let isCut = false;
  for (const line of judged) {
    lines++;
    await report.progress(line.at, report.bytes);
    const fault = line.fault?.what;
    const place = { byte: line.at };
    if (!line.hasEnd && !line.isTooLong) {
      isCut = true;
      report.missing(
        "completeness",
        `line ${line.number.toLocaleString("en-US")} has no end: the file was cut in it`,
        place,
      );
    } else if (fault) report.damaged("decoding", `line ${line.number.toLocaleString("en-US")} ${fault}`, place);
    else if (line.number > 1) rows++;
  }
  if (lines === 0) report.missing("completeness", "the file is empty");
  report.rows = rows;
  report.checked("decoding", formatCount(lines, "line"));
  if (!check.isEnded && !isCut) report.missing("completeness", "there is no stop document: the run was cut");
  if (check.failure !== undefined) report.missing("completeness", check.failure, { code: "run-not-successful" });
  if (check.endWords !== "") report.note(`the stop document says: ${check.endWords}`);
  report.notChecked("values", "text has no checksums: a digit that changed is not found");
  report.isEnded = check.hasEndMark && check.isEnded && check.failure === undefined;
  if (!check.hasEndMark) report.notChecked("end", "a table of lines has no mark of its end");
};
