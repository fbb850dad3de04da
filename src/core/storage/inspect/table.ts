/** Tables of tracks or detections, whatever their format. */
import { refusal } from "../../errors.js";
import { formatCount } from "../../units.js";
import type { TableDescription } from "../table/describe.js";
import { type Ending, endingByLoss } from "./ending.js";
import type { Inspector, Line } from "./inspection.js";
import { closed, lostWords, range, whole } from "./lines.js";

/** `name` is what the table is called for people: "table, Parquet". */
export function tableInspector(describe: (path: string) => Promise<TableDescription>, name: string): Inspector {
  return {
    async inspect(path) {
      const facts = await describe(path);
      return { kind: "table", facts, ending: endingOfTable(facts), lines: (ending) => tableLines(name, facts, ending) };
    },
    async draw(path, frameNumber) {
      throw refusal(
        "no-such-item",
        `inspect, --png ${frameNumber}`,
        `${path} is a table without pixels`,
        "Draw from the .h5 or .mote of the same run.",
      );
    },
  };
}

function endingOfTable({ isWhole, run }: TableDescription): Ending {
  if (!isWhole) return { state: "cut", why: "the last line was cut" };
  if (!run) return { state: "unknown", why: "a table does not say whether it was finished" };
  return run.isClosed ? endingByLoss(run.recordedLoss) : { state: "cut", why: "the run was cut" };
}

function tableLines(name: string, t: TableDescription, ending: Ending): readonly Line[] {
  return [
    ["kind", name],
    ["columns", t.columns.join(", ")],
    ["rows", formatCount(t.rows, "row")],
    ["frames", `${formatCount(t.frames, "frame")}${range(t.firstFrame, t.lastFrame)}`],
    ["tracks", t.tracks === null ? null : formatCount(t.tracks, "track")],
    ["pixel size", t.run?.pixelSizeUm == null ? null : `${t.run.pixelSizeUm} um`],
    ["events", t.run?.events ? formatCount(t.run.events, "event") : null],
    ["notes", t.run?.notes ?? null],
    ["made by", t.run?.madeBy.length ? t.run.madeBy.join(" → ") : null],
    ["closed", t.run ? closed(t.run.isClosed) : null],
    ["lost", t.run?.recordedLoss?.lost ? lostWords(t.run.recordedLoss.lost) : null],
    ["whole", whole(ending)],
  ];
}
