/** mote link: other programs' tables linked and relinked through the real shell, and what it says of tables it cannot read. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isSamePartition } from "../core/tracking/link-scenes.js";
import { dataFolder, testWithData } from "../judges.js";
import { stackTrace } from "../stack-trace.mjs";
import { openShell, root } from "./shell.js";

const tables = join(root, "fixtures/tables");
const shell = openShell("link");

/** Columns of a table without quoted line feeds, as text. */
function columnsOf(text: string, delimiter = ","): Map<string, string[]> {
  const cells = (line: string) =>
    [...`${delimiter}${line}`.matchAll(new RegExp(`${delimiter}("(?:[^"]|"")*"|[^${delimiter}]*)`, "g"))].map(
      (m) => m[1]!,
    );
  const [header, ...rows] = text
    .replace(/^\ufeff/, "")
    .trimEnd()
    .split(/\r?\n/)
    .map(cells);
  return new Map(header!.map((name, at) => [name, rows.map((row) => row[at]!)]));
}

function numbers(column: readonly string[] | undefined): number[] {
  return column!.map((cell) => (cell === "" ? -1 : Number(cell)));
}

/** The text without a column that was appended to, or replaced in, every line. */
function withoutColumn(text: string, name: string): string {
  const lines = text.split("\n").filter((line) => line !== "");
  const at = lines[0]!.split(",").indexOf(name);
  return lines.map((line) => line.split(",").toSpliced(at, 1).join(",")).join("\n");
}

for (const [table, options] of [
  ["link_walkers", "--search-range 5 --memory 3"],
  ["bulk_water_a", "--search-range 5 --memory 3"],
  ["beads_2048", "--search-range 8 --memory 1"],
] as const) {
  testWithData(`${table}: linked again, every track is the reference's and every other byte is as it was`, async () => {
    const file = join(dataFolder, `${table}.csv`);
    const done = await shell.mote(`link ${file} ${options} --out ${table}.csv --json`);
    expect(done).toMatchObject({ code: 0, err: "" });
    const [before, after] = [readFileSync(file, "utf8"), readFileSync(join(shell.folder, `${table}.csv`), "utf8")];
    expect(withoutColumn(after, "particle")).toBe(withoutColumn(before, "particle"));
    const theirs = numbers(columnsOf(before).get("particle"));
    expect(isSamePartition(numbers(columnsOf(after).get("particle")), theirs)).toBe(true);
    const facts = JSON.parse(done.out);
    expect(facts).toMatchObject({ rows: theirs.length, tracks: new Set(theirs).size, dialect: "trackpy", unit: "px" });
    expect(facts.links).toBe(facts.rows - facts.tracks);
  });
}

const dialects = [
  ["trackpy.csv", "5", "particle", "px", ","],
  ["trackmate-spots.csv", "1.25", "TRACK_ID", "um", ","],
  ["trackmate-spots-6.csv", "1.25", "TRACK_ID", null, ","],
  ["thunderstorm.csv", "535", "particle_id", "nm", ","],
  ["spreadsheet.csv", "5", "particle_id", "px", ";"],
  ["walkers.parquet", "5", "particle_id", "px", ","],
  ["walkers-zstd.parquet", "5,5", "particle_id", "px", ","],
] as const;

/** What the fixture itself says of a row's walker. */
function walkersOf(columns: Map<string, string[]>): string[] {
  const sigma = columns.get('"sigma [nm]"');
  const home = columns.get("POSITION_X")?.map((x, at) => {
    const y = columns.get("POSITION_Y")![at]!;
    return `${Math.round((4 * Number(y) - 12) / 24)} ${Math.round((4 * Number(x) - 12) / 24)}`;
  });
  return columns.get("walker") ?? sigma ?? columns.get("note") ?? home ?? columns.get("particle")!;
}

test.each(dialects)(
  "%s: the walkers are the tracks, the unit is said, nothing else changes",
  async (name, searchRange, particle, unit, delimiter) => {
    const file = join(tables, name);
    const line = `link ${file} --search-range ${searchRange} --memory 3`;
    const done = await shell.mote(`${line} --json --out ${name}.csv --force`);
    expect(done.code).toBe(0);
    expect(JSON.parse(done.out)).toMatchObject({
      rows: 156,
      frames: 20,
      tracks: 8,
      gaps: 2,
      unit,
      columns: { particle },
    });
    const text = readFileSync(join(shell.folder, `${name}.csv`), "utf8");
    const before = name.endsWith(".parquet")
      ? readFileSync(join(tables, "walkers.parquet.csv"), "utf8")
          .replaceAll("True", "true")
          .replaceAll("False", "false")
      : readFileSync(file, "utf8");
    const [was, is] = [columnsOf(before, delimiter), columnsOf(text, delimiter)];
    const quoted = is.has(particle) ? particle : `"${particle}"`;
    expect([...is.keys()].filter((key) => key !== quoted)).toEqual([...was.keys()].filter((key) => key !== quoted));
    for (const [key, cells] of was) if (key !== quoted) expect(is.get(key), key).toEqual(cells);

    const headers = name === "trackmate-spots.csv" ? 3 : 0;
    const ids = is.get(quoted)!.slice(headers);
    const walkers = walkersOf(was).slice(headers);
    const names = [...new Set(walkers)];
    expect(names.length).toBe(8);
    const linked = ids.map((_, row) => row).filter((row) => ids[row] !== "");
    expect(linked.length).toBe(name.endsWith(".parquet") ? 155 : 156);
    expect(
      isSamePartition(
        linked.map((row) => Number(ids[row])),
        linked.map((row) => names.indexOf(walkers[row]!)),
      ),
    ).toBe(true);

    // To stdout, through a pipe and from one: the same bytes, and the words on stderr.
    const piped = await shell.run(`cat ${file} | mote link - --search-range ${searchRange} --memory 3 > piped.csv`);
    expect(piped).toMatchObject({ code: 0, out: "" });
    expect(piped.err).toContain(`track numbers in ${particle}`);
    expect(readFileSync(join(shell.folder, "piped.csv"), "utf8")).toBe(text);
  },
);

test("columns may be named, tracks may be too short, flags say what happened, the table may be replaced", async () => {
  const line = `mote link ${join(tables, "other.tsv")} --columns frame=slice,y=row,x=col`;
  const flagged = await shell.run(`${line} --search-range 4 --memory 2 --flags --quiet`);
  expect(flagged).toMatchObject({ code: 0, err: "" });
  const columns = columnsOf(flagged.out, "\t");
  expect([...columns.keys()]).toEqual(["slice", "walker", "row", "col", "mass", "particle_id", "flags"]);
  expect(columns.get("flags")!.filter((flag) => flag === "1").length).toBe(2);
  // Without memory the two that blink are four tracks of 8 and 10 rows.
  const short = await shell.run(`${line} --search-range 4 --min-track-length 10 --out short.tsv`);
  expect(short.out).toContain("8 tracks");
  expect(short.out).toContain("2 tracks of fewer than 10 rows left without a number");
  const kept = columnsOf(readFileSync(join(shell.folder, "short.tsv"), "utf8"), "\t");
  expect(kept.get("particle_id")!.filter((id) => id === "").length).toBe(16);
  const refused = await shell.run(`${line} --search-range 4 --out short.tsv`);
  expect(refused).toMatchObject({ code: 2, out: "" });
  expect(refused.err).toContain("exists already");
  const again = await shell.run(
    "mote link short.tsv --columns frame=slice,y=row,x=col --search-range 4 --out short.tsv --force && ls *.part",
  );
  expect(again.out).toContain("10 tracks");
  expect(again.err).not.toContain("error:");
});

const frames = (rows: string) => `frame,y,x\n${rows}`;
const refusals: [string, string | Uint8Array, string, string[]][] = [
  ["empty", "", "", ["expected a table, got an empty file"]],
  ["header-only", "frame,y,x\n", "", ["has columns but no rows"]],
  ["comments", "# a\n\n", "", ["got no line but comments and blanks"]],
  ["binary", new Uint8Array([137, 72, 68, 70, 0, 1, 2]), "", ["got binary data"]],
  ["utf16", Buffer.from("\ufeffframe,y,x\n", "utf16le"), "", ["got UTF-16", "Save it as UTF-8"]],
  ["numbers", "0,1,2\n1,2,3\n", "", ["line 1: expected the names of the columns, got 0, 1, 2"]],
  ["cut-parquet", readFileSync(join(tables, "walkers.parquet")).subarray(0, 9000), "", ["cannot be read as Parquet"]],
  ["missing", "fraem,pos_y,x\n0,1,2\n", "", ["no column frame", "Is it fraem?", "Is it pos_y?", "--columns y=pos_y"]],
  ["half-frame", frames("0,1,2\n1.5,1,2\n"), "", ["line 3: expected a whole frame number in column frame, got 1.5"]],
  ["no-frame", frames("0,1,2\n\n,1,2\n"), "", ["line 4: expected a whole frame number in column frame, got nothing"]],
  ["word", frames("0,1,2\n1,here,2\n"), "", ["line 3: expected a number in column y, got here"]],
  [
    "ragged",
    frames("0,1,2\n1,2\n2,1,2\n"),
    "",
    ["line 3: expected 3 cells as in the header, got 2", "Correct the line"],
  ],
  ["cut", frames("0,1,2\n1,2"), "", ["line 3: expected 3 cells", "the last line: the file was cut"]],
  ["stop", frames("0,1,2\n"), "--adaptive-stop 9", ["--adaptive-stop: expected less than the search range 5,5, got 9"]],
  ["step", frames("0,1,2\n"), "--adaptive-step 0.9", ["--adaptive-step: means nothing without --adaptive-stop"]],
  ["columns", frames("0,1,2\n"), "--columns z=y", ["--columns: expected names for some of frame, y, x and particle"]],
  [
    "xlsx-out",
    frames("0,1,2\n"),
    "--out a.xlsx",
    ["tables are written as .csv, .tsv, .txt, .parquet, .arrow, .feather or .arrows"],
  ],
  ["folder-out", frames("0,1,2\n"), "--out no/a.csv", ["there is no folder no"]],
];

test.each(refusals)("refused with exit code 2, in words: %s", async (name, content, options, words) => {
  writeFileSync(join(shell.folder, `${name}.csv`), content);
  const refused = await shell.mote(`link ${name}.csv --search-range 5 --memory 1 ${options}`);
  expect(refused).toMatchObject({ code: 2, out: "" });
  for (const part of words) expect(refused.err).toContain(part);
  expect(refused.err).not.toMatch(stackTrace);
});

test("no table, two tables, a folder and no search range are refused", async () => {
  mkdirSync(join(shell.folder, "folder"));
  expect((await shell.mote("link --search-range 5")).err).toContain("link, TABLE: is required");
  expect((await shell.mote("link a.csv b.csv --search-range 5")).err).toContain("expected one table, got 2");
  expect((await shell.mote("link folder --search-range 5")).err).toContain("got a folder");
  expect((await shell.mote("link nothing.csv --search-range 5")).err).toContain("nothing.csv: cannot be read: ENOENT");
  const bare = await shell.run(`mote link ${join(tables, "trackpy.csv")}`);
  expect(bare.code).toBe(2);
  expect(bare.err).toContain("--search-range: is required");
});

test("what is odd but can be linked is warned of: no position, repeated rows, crowding, greedy subnets", async () => {
  const rows = Array.from({ length: 400 }, (_, i) => `${Math.floor(i / 200)},${i % 20},${Math.floor((i % 200) / 20)}`);
  writeFileSync(join(shell.folder, "odd.csv"), `frame,y,x\n${rows.join("\n")}\n1,,5\n1,NaN,6\n0,3,3\n`);
  const odd = await shell.mote("link odd.csv --search-range 3 --max-subnet 20 --out odd.out.csv");
  expect(odd.code).toBe(0);
  expect(odd.err).toContain("warning: link, odd.csv: 2 rows without a position got no track number");
  expect(odd.err).toContain("1 row with the frame, y and x of another");
  expect(odd.err).toMatch(
    /--search-range: 3 px is more than half the mean spacing of 0\.9\d+: a likely subnet has 3\d\.\d particles/,
  );
  expect(odd.err).toMatch(/1 subnet in 1 frame .*linked greedily/);
  expect(readFileSync(join(shell.folder, "odd.out.csv"), "utf8")).toContain("\n1,,5,\n1,NaN,6,\n");
});

test("a full disk and a reader that goes away leave nothing half done", async () => {
  const file = join(tables, "trackpy.csv");
  const gone = await shell.run(`mote link ${file} --search-range 5 --quiet | head -1`);
  expect(gone).toMatchObject({ code: 0, err: "" });
  const full = await shell.run(`mote link ${file} --search-range 5 > /dev/full`);
  expect(full.code).toBe(1);
  expect(full.err).toContain("link, stdout: cannot be written: ENOSPC");
  expect(readdirSync(shell.folder).filter((name) => name.endsWith(".part"))).toEqual([]);
});
