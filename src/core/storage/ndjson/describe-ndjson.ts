/** What is in a file of a run's documents, read line by line. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { failure, MoteError, reason } from "../../errors.js";
import { RowCounts, type TableDescription, type TableRun } from "../describe-table.js";

interface Document {
  readonly name: string;
  readonly doc: {
    readonly uid?: string;
    readonly name?: string;
    readonly descriptor?: string;
    readonly data_keys?: Readonly<Record<string, unknown>>;
    readonly data?: Readonly<Record<string, unknown>>;
    readonly pixelSizeUm?: number | null;
    readonly producedBy?: readonly { readonly stage: string }[];
  };
}

/** A failure when a line is no document, or none describes frames. Memory: the distinct frames and ids, and one line. */
export async function describeNdjson(path: string): Promise<TableDescription> {
  let run: TableRun | null = null;
  let columns: readonly string[] | null = null;
  let primary: string | undefined;
  let events = 0;
  let isClosed = false;
  let isWhole = true;
  let line = 0;
  const counts = new RowCounts();

  function take({ name, doc }: Document): void {
    if (name === "start") {
      const madeBy = doc.producedBy?.map(({ stage }) => stage) ?? [];
      run = { isClosed: false, pixelSizeUm: doc.pixelSizeUm ?? null, madeBy, events: 0 };
    } else if (name === "descriptor" && doc.name === "primary") {
      primary = doc.uid;
      columns = Object.keys(doc.data_keys ?? {});
    } else if (name === "event" && doc.descriptor !== primary) events++;
    else if (name === "event") {
      const { frame, x, particle_id: particles } = doc.data ?? {};
      const rows = Array.isArray(x) ? x.length : 0;
      for (let row = 0; row < rows; row++) {
        counts.add(Number(frame), (Array.isArray(particles) ? particles[row] : null) ?? Number.NaN);
      }
    } else if (name === "stop") isClosed = true;
  }

  try {
    const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
    for await (const text of lines) {
      line++;
      // Only a last line can be cut: another one behind it says that this is no file of documents.
      if (!isWhole) throw failure(`${path}, line ${line - 1}`, "expected a JSON document");
      if (text === "") continue;
      try {
        take(JSON.parse(text) as Document);
      } catch {
        isWhole = false;
      }
    }
  } catch (error) {
    if (error instanceof MoteError) throw error;
    throw failure(path, `cannot be read: ${reason(error)}`, undefined, error);
  }
  if (run === null || columns === null) {
    throw failure(path, "expected a run's documents, start and descriptor first", "Was it written by mote archive?");
  }
  const facts = counts.facts((columns as readonly string[]).includes("particle_id"));
  return { format: "ndjson", columns, ...facts, isWhole, run: { ...(run as TableRun), isClosed, events } };
}
