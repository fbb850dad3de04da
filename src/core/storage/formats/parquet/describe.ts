/** What is in a Parquet table of tracks: its columns frame and particle, and what Mote's key-value metadata say. */
import { failure } from "../../../errors.js";
import { parseJsonObject } from "../../../model/json.js";
import { decodeDescriptor } from "../../../stream/check-descriptor.js";
import { openBytePieces } from "../../table/byte-pieces.js";
import { RowCounts, type TableDescription, type TableRun } from "../../table/describe.js";
import { recordedLossNote } from "./parquet-store.js";
import { openParquetSource } from "./parquet-table.js";

/** Reads two columns, one row group at a time; A failure when there is no column frame. */
export async function describeParquet(path: string): Promise<TableDescription> {
  const pieces = openBytePieces(path, path);
  try {
    const source = await openParquetSource(path, pieces);
    const { columns } = source;
    if (!columns.includes("frame")) {
      throw failure(
        "wrong-format",
        path,
        `expected a column frame, got ${columns.join(", ")}`,
        "Is it a table of tracks?",
      );
    }
    const particle = columns.includes("particle_id") ? "particle_id" : columns.includes("particle") ? "particle" : null;
    const counts = new RowCounts();
    let start = 0;
    for (const rows of source.groupRows) {
      const group = await source.read(particle ? ["frame", particle] : ["frame"], start, rows);
      const [frames, particles] = [group.get("frame")!, particle ? group.get(particle)! : []];
      for (let row = 0; row < rows; row++) counts.add(Number(frames[row]), Number(particles[row] ?? Number.NaN));
      start += rows;
    }
    const run = runOf(source.notes);
    return { format: "parquet", columns, ...counts.facts(particle !== null), isWhole: true, run };
  } finally {
    pieces.close();
  }
}

function runOf(notes: ReadonlyMap<string, string>): TableRun | null {
  const text = notes.get("mote.descriptor");
  if (text === undefined) return null;
  const descriptor = decodeDescriptor(parseJsonObject(text));
  // Damaged: it says nothing.
  if (typeof descriptor === "string") return null;
  const madeBy = descriptor.producedBy.map(({ stage }) => stage);
  const isClosed = notes.get("mote.is_complete") === "true";
  return {
    isClosed,
    recordedLoss: lossIn(notes.get(recordedLossNote)),
    pixelSizeUm: descriptor.pixelSizeUm,
    madeBy,
    events: null,
  };
}

function lossIn(text: string | undefined): TableRun["recordedLoss"] {
  const loss = text ? parseJsonObject(text) : undefined;
  if (!loss) return null;
  const { isCut, isComplete, lost } = loss;
  return { isCut: isCut === true, isComplete: isComplete === true, lost: typeof lost === "number" ? lost : null };
}
