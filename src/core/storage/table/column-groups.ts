/** Tables that a format keeps as columns, in groups of rows: positions first, then every column again as text with the labels in it. */
import { type MoteError, refusal } from "../../errors.js";
import { linkFlag } from "../../tracking/link/linker.js";
import { cellText, float32Text } from "./cell-text.js";
import type { UsedColumns } from "./choose-columns.js";
import type { Positions, RowLabels, Table } from "./open-table.js";
import { PositionList } from "./position-list.js";

/** The values of some columns of one group, by column name. */
export type ColumnGroup = ReadonlyMap<string, ArrayLike<unknown>>;

export interface ColumnGroups {
  readonly where: string;
  readonly columns: readonly string[];
  /** Columns of float32, whose values arrive widened. */
  readonly float32: ReadonlySet<string>;
  /** Rows of each group, in their order. */
  readonly groupRows: readonly number[];
  /** Some columns of the rows of a group, which `start` is the first of. */
  read(columns: readonly string[], start: number, rows: number): Promise<ColumnGroup>;
}

const linkBits = linkFlag.gap | linkFlag.subnetDegraded;
/** Rows turned into text at once. */
const blockRows = 8192;

/** `units`: what the table states beside the names of its columns. */
export function tableOfGroups(source: ColumnGroups, close: () => void, units?: readonly string[]): Table {
  return {
    format: "columns",
    columns: source.columns,
    statedUnits: units ?? source.columns.map(() => ""),
    positions: (used) => readPositions(source, used),
    labelled: (used, labels, delimiter) => writeRows(source, used, labels, delimiter),
    close,
  };
}

async function readPositions(source: ColumnGroups, used: UsedColumns): Promise<Positions> {
  const names = [used.frame, used.y, used.x].map((at) => source.columns[at]!);
  const list = new PositionList();
  let start = 0;
  for (const rows of source.groupRows) {
    const group = await source.read(names, start, rows);
    const [frames, ys, xs] = names.map((name) => group.get(name)!);
    for (let i = 0; i < rows; i++) {
      const frame = toNumber(frames![i]);
      const [y, x] = [toNumber(ys![i]), toNumber(xs![i])];
      if (frame === undefined || !Number.isSafeInteger(frame)) {
        throw wrongCell(source, start + i, names[0]!, "a whole frame number", frames![i]);
      }
      if (y === undefined) throw wrongCell(source, start + i, names[1]!, "a number", ys![i]);
      if (x === undefined) throw wrongCell(source, start + i, names[2]!, "a number", xs![i]);
      list.add(frame, y, x);
    }
    start += rows;
  }
  return list.finish();
}

/** NaN where there is no value, undefined where it is no number. */
function toNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  return value === null || value === undefined ? Number.NaN : undefined;
}

function wrongCell({ where }: ColumnGroups, row: number, column: string, expected: string, got: unknown): MoteError {
  const text = cellText(got, ",") || "nothing";
  const what = `expected ${expected} in column ${column}, got ${text}`;
  return refusal(
    "file-damaged",
    `${where}, row ${row + 1}`,
    what,
    "Name the right column with --columns, or correct the table.",
  );
}

async function* writeRows(
  source: ColumnGroups,
  used: UsedColumns,
  labels: RowLabels,
  delimiter: string,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const { columns } = source;
  const flags = labels.flags;
  const names = [...columns, ...(used.particle < 0 ? [used.particleName] : [])];
  if (flags && used.flags < 0) names.push("flags");
  yield encoder.encode(`${names.map((name) => cellText(name, delimiter)).join(delimiter)}\n`);
  const particleAt = used.particle < 0 ? columns.length : used.particle;
  const flagsAt = flags === null ? -1 : used.flags < 0 ? names.length - 1 : used.flags;

  let start = 0;
  for (const rows of source.groupRows) {
    const group = await source.read(columns, start, rows);
    const values = names.map((name) => group.get(name));
    const toText = names.map((name) => (source.float32.has(name) ? float32Text : cellText));
    for (let first = 0; first < rows; first += blockRows) {
      let text = "";
      for (let i = first; i < Math.min(rows, first + blockRows); i++) {
        for (let at = 0; at < names.length; at++) {
          if (at > 0) text += delimiter;
          if (at === particleAt) {
            const particle = labels.particle[start + i]!;
            if (particle >= 0) text += particle;
          } else if (at === flagsAt) {
            text += ((toNumber(values[at]?.[i]) ?? 0) & ~linkBits) | flags![start + i]!;
          } else text += toText[at]!(values[at]![i], delimiter);
        }
        text += "\n";
      }
      yield encoder.encode(text);
    }
    start += rows;
  }
}
