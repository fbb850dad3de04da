/** What is in a text table of tracks or detections: columns, rows, frames and tracks, read in pieces. */
import { createReadStream } from "node:fs";
import { failure, MoteError, reason } from "../errors.js";
import { RowCounts, type TableDescription } from "./describe-table.js";

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
    throw failure(path, what, "Is it a table of tracks?");
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

  let rest = "";
  try {
    for await (const piece of createReadStream(path, { encoding: "utf8", highWaterMark: 1 << 20 })) {
      const lines = (rest + piece).split(/\r?\n/);
      rest = lines.pop() ?? "";
      // A first line of a megabyte is that of no table.
      if (frameAt < 0 && (lines.length > 0 || rest.length > 1 << 20)) takeHeader(lines.shift() ?? rest);
      for (const line of lines) takeRow(line);
    }
  } catch (error) {
    if (error instanceof MoteError) throw error;
    throw failure(path, `cannot be read: ${reason(error)}`, undefined, error);
  }
  if (frameAt < 0) takeHeader(rest);
  else if (rest !== "") isWhole = false;
  return { format: "csv", columns, ...counts.facts(particleAt >= 0), isWhole, run: null };
}
