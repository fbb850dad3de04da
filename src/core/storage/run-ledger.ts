/** The ledger of a run as a table: what became of every frame on each of its branches. */
import { codeOf, failure, reason } from "../errors.js";
import { type FateSpan, ledgerRows } from "../model/fate-record.js";
import { cellText } from "./table/cell-text.js";
import { writeWhole } from "./whole-file.js";

const lineFeed = "\n";

/** Writes `frame,frames,SINK,...`: `fates` hold what each sink tells of. The file appears whole or not at all. */
export function saveRunLedger(
  where: string,
  path: string,
  fates: readonly (readonly [sink: string, spans: readonly FateSpan[]])[],
): void {
  const lines = [["frame", "frames", ...fates.map(([sink]) => cellText(sink, ","))].join(",")];
  for (const row of ledgerRows(fates.map(([, spans]) => spans)))
    lines.push([row.firstFrame, row.count, ...row.fates.map((fate) => cellText(fate, ","))].join(","));
  try {
    writeWhole(path, Buffer.from(lines.join(lineFeed) + lineFeed));
  } catch (error) {
    throw failure(
      codeOf(error),
      where,
      `cannot be written: ${reason(error)}`,
      "The frames are stored; the report says what was lost.",
      error,
    );
  }
}
