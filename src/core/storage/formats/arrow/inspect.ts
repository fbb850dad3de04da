/** What is in a table of Arrow: its rows where they are detections, its images where they are frames. */
import { failure } from "../../../errors.js";
import { inspectionOf } from "../../inspect/image-facts.js";
import type { Inspector } from "../../inspect/inspection.js";
import { tableInspector } from "../../inspect/table.js";
import { openFileSource } from "../../read/file-source.js";
import { openBytePieces } from "../../table/byte-pieces.js";
import { NotesShown, RowCounts, type TableDescription, type TableRun } from "../../table/describe.js";
import { loadArrow } from "./library.js";
import { type ArrowContent, readContent } from "./messages.js";
import { arrowFile } from "./read.js";
import { runEnd } from "./run-end.js";
import { noteKeys } from "./schema.js";
import { openArrowSource } from "./table.js";

const tables = tableInspector(describeArrow, "table, Arrow");

export const arrowInspector: Inspector = {
  async inspect(path) {
    if (!(await isOfFrames(path))) return tables.inspect(path);
    const file = await arrowFile.open(path);
    file.close();
    return inspectionOf(file.facts);
  },
};

async function contentOf(path: string): Promise<ArrowContent> {
  const source = openFileSource(path);
  try {
    return readContent(await loadArrow(), source);
  } finally {
    source.close();
  }
}

async function isOfFrames(path: string): Promise<boolean> {
  const { schema } = await contentOf(path);
  return schema.fields.some(({ type }) => String(type).startsWith("FixedSizeList"));
}

/** Reads two columns, one batch at a time; a failure when there is no column frame. */
async function describeArrow(path: string): Promise<TableDescription> {
  const content = await contentOf(path);
  const source = await openArrowSource(path, openBytePieces(path, path));
  try {
    const { columns } = source;
    if (!columns.includes("frame")) {
      const what = `expected a column frame, got ${columns.join(", ")}`;
      throw failure("wrong-format", path, what, "Is it a table of tracks?");
    }
    const particle = columns.includes("particle_id") ? "particle_id" : undefined;
    const counts = new RowCounts();
    let start = 0;
    for (const rows of source.groupRows) {
      const group = await source.read(particle ? ["frame", particle] : ["frame"], start, rows);
      for (let row = 0; row < rows; row++) {
        const id = particle ? group.get(particle)![row] : undefined;
        counts.add(Number(group.get("frame")![row]), Number(id ?? Number.NaN));
      }
      start += rows;
    }
    const run = runOf(content);
    return { format: "arrow", columns, ...counts.facts(particle !== undefined), isWhole: true, run };
  } finally {
    source.close();
  }
}

function runOf(content: ArrowContent): TableRun | null {
  const { descriptor, batches, ending } = content;
  if (!descriptor) return null;
  const events = batches.flatMap(({ notes }) => notes.get(noteKeys.event) ?? []);
  const notes = new NotesShown();
  for (const event of events) notes.add(event);
  return {
    isClosed: ending === "end",
    recordedLoss: runEnd(content),
    pixelSizeUm: descriptor.pixelSizeUm,
    madeBy: descriptor.producedBy.map(({ stage }) => stage),
    events: events.length,
    ...notes.facts,
  };
}
