/** What is in a text table of tracks or detections: columns, rows, frames and tracks, read in pieces. */
import { mostLineBytes } from "../../../budget.js";
import { failure } from "../../../errors.js";
import { explained } from "../../../imaging/explained.js";
import { RowCounts, type TableDescription } from "../../table/describe.js";
import { textLines } from "../../table/text-lines.js";

const notATable = "Is it a table of tracks?";

/** Reads a table whose first line names its columns; a failure when it has no column `frame`. Memory: the distinct ids. */
export async function describeCsv(path: string): Promise<TableDescription> {
  let columns: readonly string[] = [];
  let frameAt = -1;
  let particleAt = -1;
  let isWhole = true;
  const counts = new RowCounts();

  function takeHeader(line: string): void {
    columns = line.split(",").map((name) => name.trim());
    frameAt = columns.indexOf("frame");
    particleAt = Math.max(columns.indexOf("particle_id"), columns.indexOf("particle"));
    if (frameAt >= 0) return;
    const what = "expected a table whose first line names its columns, frame among them";
    throw failure("wrong-format", path, what, notATable);
  }

  function takeRow(line: string): void {
    if (line === "") return;
    const values = line.split(",");
    if (values.length !== columns.length) {
      isWhole = false;
      return;
    }
    const particle = particleAt < 0 ? "" : values[particleAt]!;
    counts.add(Number(values[frameAt]), particle === "" ? Number.NaN : Number(particle));
  }

  try {
    for (const { number, bytes, hasEnd, isTooLong } of textLines(path, mostLineBytes)) {
      if (isTooLong)
        throw failure("too-large", `${path}, line ${number}`, `is longer than ${mostLineBytes >> 20} MiB`, notATable);
      const line = Buffer.from(bytes).toString("utf8").replace(/\r$/, "");
      if (number === 1) takeHeader(line);
      else if (hasEnd) takeRow(line);
      else isWhole = false;
    }
  } catch (error) {
    throw explained(path, error, failure);
  }
  if (frameAt < 0) takeHeader("");
  return { format: "csv", columns, ...counts.facts(particleAt >= 0), isWhole, run: null };
}
