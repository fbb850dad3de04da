/** Tables as text: cut into cells whatever the pieces, numbers as Number reads them, columns found by name. */
import { expect, test } from "vitest";
import type { BytePieces } from "../../../src/core/storage/table/byte-pieces.js";
import { isMissing, parseCell } from "../../../src/core/storage/table/cell-number.js";
import { cellText, float32Text, instantParsers } from "../../../src/core/storage/table/cell-text.js";
import { chooseColumns } from "../../../src/core/storage/table/choose-columns.js";
import { linkPositions } from "../../../src/core/storage/table/link-positions.js";
import { RowReader } from "../../../src/core/storage/table/row-reader.js";
import { openTextTable } from "../../../src/core/storage/table/text-table.js";
import { seeded } from "../../seed.js";
import { isSamePartition, walk } from "../tracking/link-scenes.js";

/** A table in memory that gives at most `most` bytes at a time. */
function inPieces(text: string, most: number): BytePieces {
  const bytes = Buffer.from(text);
  return {
    byteLength: bytes.length,
    read(into, position) {
      const part = bytes.subarray(position, position + Math.min(most, into.length));
      into.set(part);
      return part.length;
    },
    close() {},
  };
}

function cellsOf(text: string, delimiter: string, most: number): string[][] {
  const reader = new RowReader("table", inPieces(text, most), delimiter.charCodeAt(0));
  const rows: string[][] = [];
  while (reader.next()) rows.push(Array.from({ length: reader.cells }, (_, cell) => reader.text(cell)));
  return rows;
}

test("rows and cells are the same whatever the pieces, the delimiter and the line endings", () => {
  const random = seeded(5);
  const words = ["", "1.5", "a b", "x,y", 'say "hi"', "two\nlines", "semi;colon", "µm", "-3e-7", "tab\there"];
  for (const most of [1, 2, 7, 1 << 20]) {
    for (const delimiter of [",", ";", "\t"]) {
      const ending = random() < 0.5 ? "\n" : "\r\n";
      const rows = Array.from({ length: 30 }, () =>
        Array.from({ length: 1 + Math.floor(random() * 5) }, () => words[Math.floor(random() * words.length)]!),
      ).filter((row) => row.join("") !== "");
      const text = rows
        .map((row) => row.map((word) => (/[\n",;\t]/.test(word) ? `"${word.replaceAll('"', '""')}"` : word)))
        .map((row) => row.join(delimiter))
        .join(ending);
      expect(cellsOf(text, delimiter, most), `${most} ${delimiter}`).toEqual(rows);
      expect(cellsOf(text + ending, delimiter, most)).toEqual(rows);
    }
  }
});

test("rows longer than the buffer, blank lines and comments are told apart, lines are counted", () => {
  const long = `"${"wide\n".repeat(500_000)}"`;
  const reader = new RowReader("table", inPieces(`# made by hand\n\na,${long}\nb,c`, 65_536), 44);
  const seen: [number, number][] = [];
  while (reader.next()) seen.push([reader.line, reader.cells]);
  expect(seen).toEqual([
    [1, 0],
    [2, 0],
    [3, 2],
    [500_004, 2],
  ]);
  expect(() => cellsOf('a,b\n1,"2\n', ",", 100)).toThrow(/table, line 2: a quoted cell begins here and never ends/);
});

test("a cell is the float64 that Number reads, or NaN", () => {
  const random = seeded(8);
  const cells = [
    "0",
    "-0",
    "1.",
    ".5",
    "+2.50",
    "1e5",
    "-1.5E-7",
    "9007199254740993",
    "0.1",
    "123456789012345678901234",
  ];
  for (let i = 0; i < 3000; i++) {
    const value = (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20);
    cells.push(
      String(value),
      value.toFixed(Math.floor(random() * 20)),
      value.toPrecision(1 + Math.floor(random() * 20)),
    );
  }
  for (const cell of cells) {
    const bytes = Buffer.from(`,"${cell}" ,`);
    expect(parseCell(bytes, 1, bytes.length - 1, false), cell).toBe(Number(cell));
  }
  const comma = Buffer.from("-12,75");
  expect(parseCell(comma, 0, 6, true)).toBe(-12.75);
  for (const wrong of ["", "abc", "0x10", "1,5", "--1", "1.2.3", "e5", "Infinity", "1e", "1 2"]) {
    expect(parseCell(Buffer.from(wrong), 0, wrong.length, false), wrong).toBeNaN();
  }
  expect(["", "NaN", "NA", "None", " null "].every(isMissing)).toBe(true);
  expect(["0", "abc", "-"].some(isMissing)).toBe(false);
});

const none = (columns: readonly string[]): string[] => columns.map(() => "");
const choose = (names: string, given = {}, units?: string[]) => {
  const columns = names.split(",");
  return chooseColumns("table", columns, units ?? none(columns), given);
};

test("columns are found by the names of each program", () => {
  expect(choose("frame,particle_id,x,y,mass")).toMatchObject({
    dialect: "Mote",
    frame: 0,
    particle: 1,
    x: 2,
    y: 3,
    unit: "px",
  });
  expect(choose(",y,x,mass,frame,particle")).toMatchObject({
    dialect: "trackpy",
    frame: 4,
    particle: 5,
    x: 2,
    y: 1,
    unit: "px",
  });
  expect(choose("id,frame,x [nm],y [nm]")).toMatchObject({
    dialect: "ThunderSTORM",
    x: 2,
    y: 3,
    particle: -1,
    unit: "nm",
  });
  const units = ["", "", "(micron)", "(micron)"];
  expect(choose("TRACK_ID,FRAME,POSITION_X,POSITION_Y", {}, units)).toMatchObject({
    dialect: "TrackMate",
    particle: 0,
    unit: "um",
  });
  expect(choose("Frame,X_um,Y_um")).toMatchObject({ dialect: "plain", x: 1, y: 2, unit: "um" });
  expect(choose("x,x [nm],y [nm],y,frame")).toMatchObject({ x: 0, y: 3, unit: "px" });
  const given = { frame: "t", y: "row", x: "col", particle: "cell" };
  expect(choose("t,cell,row,col", given)).toMatchObject({ dialect: "named", particle: 1, y: 2, x: 3, unit: null });
  expect(choose("frame,x,y,frame").warnings).toEqual(["table: two columns are named frame; the first is used"]);
});

test("columns that are missing are all named, with the nearest name there is", () => {
  expect(() => choose("frames,x,why")).toThrow(/there is no column frame; there are frames, x, why\n.*no column y/);
  try {
    choose("Frame,x,pos_y");
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 2, problems: [{ hint: "Is it pos_y? Then say --columns y=pos_y." }] });
  }
  expect(() => choose("frame,x,y", { x: "xx" })).toThrow("there is no column xx");
  expect(() => choose("frame,x,y", { x: "y" })).toThrow("three different columns");
  expect(() => choose("frame,x [nm],y [um]")).toThrow("y [um] is in um, x [nm] in nm");
  expect(() => choose("frame,x,y", { particle: "x" })).toThrow("is a column of the positions");
});

async function labelled(
  text: string,
  particle: number[],
  most: number,
  flags: number[] | null = null,
): Promise<string> {
  const table = openTextTable("table", inPieces(text, most));
  const used = chooseColumns("table", table.columns, table.statedUnits, {});
  const labels = { particle: Int32Array.from(particle), flags: flags && Uint8Array.from(flags) };
  let out = "";
  for await (const piece of table.labelled(used, labels, ",")) out += Buffer.from(piece).toString();
  return out;
}

test("all but the labels is copied byte for byte: marks, comments, blanks, quotes, endings", async () => {
  for (const most of [1, 5, 1 << 20]) {
    const text = '\ufeff# note, with comma\r\n"frame";"particle";"y";"x"\r\n0;"7";"1,5";2\r\n\r\n 1 ;;3;"4"';
    expect(await labelled(text, [12, -1], most)).toBe(text.replace('"7"', "12"));
    const bare = "frame\ty\tx\n0\t1\t2\n0\t1\t3";
    expect(await labelled(bare, [0, 1], most, [0, 3])).toBe(
      "frame\ty\tx\tparticle_id\tflags\n0\t1\t2\t0\t0\n0\t1\t3\t1\t3",
    );
    // Flags that say other things than linking stay.
    const flagged = "frame,flags,particle_id,x,y\n0,21,,1,1\n1,,5,1,1\n";
    expect(await labelled(flagged, [3, 4], most, [2, 1])).toBe("frame,flags,particle_id,x,y\n0,22,3,1,1\n1,1,4,1,1\n");
  }
});

test("a table that changed between its two readings is refused", async () => {
  await expect(labelled("frame,y,x\n0,1,2\n", [0, 1], 100)).rejects.toThrow("was changed while it was read");
  await expect(labelled("frame,y,x\n0,1,2\n0,3,4\n", [0], 100)).rejects.toThrow("was changed while it was read");
});

const range = { searchRange: { y: 4, x: 4 }, memory: 2 };

test("the order of rows in the table does not matter: linking is by frame", () => {
  const scene = walk({ seed: 3, count: 60, edge: 120, step: 1.5, frames: 12, missing: 0.05 });
  const rows = scene.flatMap(({ frame, y, x }) =>
    Array.from(y, (value, i) => ({ frame: 3 * frame - 7, y: value, x: x[i]! })),
  );
  const link = (given: readonly (typeof rows)[number][]) =>
    linkPositions(
      {
        rows: given.length,
        frame: Float64Array.from(given, (row) => row.frame),
        y: Float64Array.from(given, (row) => row.y),
        x: Float64Array.from(given, (row) => row.x),
      },
      { ...range, memory: 8 },
      1,
    );
  const sorted = link(rows);
  const random = seeded(4);
  const shuffled = rows.map((row, at) => ({ row, at, key: random() })).sort((a, b) => a.key - b.key);
  const again = link(shuffled.map(({ row }) => row));
  const back = new Array<number>(rows.length);
  for (const [i, { at }] of shuffled.entries()) back[at] = again.labels.particle[i]!;
  expect(isSamePartition(back, [...sorted.labels.particle])).toBe(true);
  expect({ ...again, labels: null }).toEqual({ ...sorted, labels: null });
});

test("rows without position, repeated rows, short tracks and crowding are counted", () => {
  const frame = Float64Array.of(0, 0, 0, 0, 1, 1, 1, 2, 2);
  const y = Float64Array.of(0, 0, 20, Number.NaN, 0, 20, 90, 0, 20);
  const x = Float64Array.of(0, 0, 0, 5, 0, 30, 90, 0, 30);
  const linked = linkPositions({ rows: 9, frame, y, x }, range, 2);
  expect(linked).toMatchObject({
    frames: 3,
    tracks: 5,
    tracksKept: 2,
    rowsInShortTracks: 3,
    duplicates: 1,
    unlinkable: 1,
  });
  const [a, b, c, lost, a1, d, e, a2, d2] = linked.labels.particle;
  expect(new Set([a, b])).toEqual(new Set([-1, a1]));
  expect([c, lost, e, a2, d2]).toEqual([-1, -1, -1, a1, d]);
  expect(linked.crowding).toBeNull();
  // 4 points in one frame, 90 by 80.
  const corners = {
    rows: 4,
    frame: frame.subarray(0, 4),
    y: Float64Array.of(0, 90, 0, 90),
    x: Float64Array.of(0, 0, 80, 7),
  };
  const { crowding } = linkPositions(corners, range, 1);
  expect(crowding!.meanSpacing).toBeCloseTo(Math.sqrt((90 * 80) / 4), 10);
  expect(crowding!.neighbors).toBeCloseTo((Math.PI * 16 * 4) / (90 * 80), 10);
});

test("typed values become the shortest text that is the same value", () => {
  expect(float32Text(Math.fround(0.1), ",")).toBe("0.1");
  expect(float32Text(Math.fround(16_777_217.5), ",")).toBe("16777218");
  expect(cellText(0.1 + 0.2, ",")).toBe("0.30000000000000004");
  expect([null, undefined, Number.NaN, "", 5n, true, ["a", 1n]].map((value) => cellText(value, ";"))).toEqual([
    ...["", "", "", "", "5", "true"],
    '"[""a"",1]"',
  ]);
  expect(instantParsers.timestampFromNanoseconds(-1n)).toBe("1969-12-31T23:59:59.999999999Z");
  expect(instantParsers.timestampFromMicroseconds(1_763_720_400_123_456n)).toBe("2025-11-21T10:20:00.123456Z");
});
