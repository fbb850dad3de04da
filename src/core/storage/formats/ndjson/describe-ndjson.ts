/** What is in a file of a run's documents, read line by line. */
import { mostDocumentBytes } from "../../../budget.js";
import { failure } from "../../../errors.js";
import { explained } from "../../../imaging/explained.js";
import { isJsonObject, type JsonObject, type JsonValue, parseJsonObject } from "../../../model/json.js";
import { NotesShown, RowCounts, type TableDescription, type TableRun } from "../../table/describe.js";
import { textLines } from "../../table/text-lines.js";

/** A failure when a line is no document, or none describes frames. Memory: the distinct frames and ids, and one line. */
export async function describeNdjson(path: string): Promise<TableDescription> {
  let run: TableRun | null = null;
  let columns: readonly string[] | null = null;
  let primary: JsonValue | undefined;
  let events = 0;
  let isClosed = false;
  let isWhole = true;
  const counts = new RowCounts();
  const notes = new NotesShown();

  function take({ name, doc }: JsonObject): void {
    if (!isJsonObject(doc)) return;
    if (name === "start") {
      const madeBy = list(doc.producedBy).flatMap((step) => (isJsonObject(step) ? [String(step.stage)] : []));
      const pixelSizeUm = typeof doc.pixelSizeUm === "number" ? doc.pixelSizeUm : null;
      run = { isClosed: false, recordedLoss: null, pixelSizeUm, madeBy, events: 0 };
    } else if (name === "descriptor" && doc.name === "primary") {
      primary = doc.uid;
      columns = isJsonObject(doc.data_keys) ? Object.keys(doc.data_keys) : [];
    } else if (name === "event" && doc.descriptor !== primary) {
      events++;
      if (isJsonObject(doc.data) && doc.data.event === "note") notes.add(String(doc.data.details));
    } else if (name === "event" && isJsonObject(doc.data)) {
      const particles = list(doc.data.particle_id);
      for (let row = 0; row < list(doc.data.x).length; row++) {
        counts.add(Number(doc.data.frame), Number(particles[row] ?? Number.NaN));
      }
    } else if (name === "stop") isClosed = doc.exit_status === "success";
  }

  try {
    for (const { number, bytes } of textLines(path, mostDocumentBytes)) {
      // Only a last line can be cut: another one behind it says that this is no file of documents.
      if (!isWhole) throw failure("wrong-format", `${path}, line ${number - 1}`, "expected a JSON document");
      const text = Buffer.from(bytes).toString("utf8");
      if (text.trim() === "") continue;
      const document = parseJsonObject(text);
      if (document) take(document);
      else isWhole = false;
    }
  } catch (error) {
    throw explained(path, error, failure);
  }
  if (run === null || columns === null) {
    throw failure(
      "wrong-format",
      path,
      "expected a run's documents, start and descriptor first",
      "Was it written by mote archive?",
    );
  }
  const facts = counts.facts((columns as readonly string[]).includes("particle_id"));
  return {
    format: "ndjson",
    columns,
    ...facts,
    isWhole,
    run: { ...(run as TableRun), isClosed, events, ...notes.facts },
  };
}

function list(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
