/** Links, or links again, the rows of any table with frame, y and x; its other columns stay as they are. */
import { MoteError, refusal } from "../core/errors.js";
import { type OptionsOf, option } from "../core/option/option.js";
import { type CommandResult, defineCommand } from "../core/pipeline/command.js";
import type { UsedColumns } from "../core/storage/table/choose-columns.js";
import type { LinkedRows } from "../core/storage/table/link-positions.js";
import type { Positions } from "../core/storage/table/open-table.js";
import { formatCount } from "../core/units.js";
import { linkOptions, linkParameters, linkProblems } from "./link-options.js";
import { summaries } from "./summaries.js";

const roles = ["frame", "y", "x", "particle"] as const;

const options = {
  tables: option.list<string>(
    option.path({
      doc: "A CSV, TSV, Parquet or Arrow table with a row for each particle and frame; - for stdin.",
      metavar: "table",
    }),
    { required: true },
  ),
  ...linkOptions,
  searchRange: option.perAxis({
    doc: "Farthest a particle moves from one frame to the next, in the unit of the table's positions.",
    above: 0,
    metavar: "length",
    required: true,
  }),
  minTrackLength: option.count({
    doc: "Tracks of fewer rows lose their number; their rows stay, with an empty cell.",
    min: 1,
    default: 1,
  }),
  columns: option.custom<
    { readonly [Role in (typeof roles)[number]]?: string },
    { doc: string; expected: string; metavar: string }
  >(
    {
      doc: "Names of the columns to use, for tables that call them otherwise than Mote, trackpy, TrackMate or ThunderSTORM.",
      metavar: "frame=NAME,...",
      expected: "names for some of frame, y, x and particle, such as frame=t,y=row,x=col",
    },
    parseColumns,
  ),
  flags: option.flag({
    doc: "Add a column flags: 1 where a track goes on after missing frames, 2 where crowding was linked greedily, 3 for both.",
    default: false,
  }),
  out: option.path({
    doc: "A .csv, .tsv, .txt, .parquet, .arrow, .feather or .arrows file for the linked table; stdout when not given.",
    metavar: "file",
  }),
  force: option.flag({ doc: "Replace a table that exists; it may be the one that is read.", default: false }),
};
type Options = OptionsOf<typeof options>;

function parseColumns(raw: unknown): { readonly [Role in (typeof roles)[number]]?: string } | undefined {
  const pairs =
    typeof raw === "string"
      ? raw.split(",").map((part): [string, unknown] => {
          const at = part.indexOf("=");
          return [part.slice(0, Math.max(0, at)).trim(), part.slice(at + 1).trim()];
        })
      : typeof raw === "object" && raw !== null
        ? Object.entries(raw)
        : [];
  const isFit = ([role, name]: [string, unknown]): boolean =>
    (roles as readonly string[]).includes(role) && typeof name === "string" && name !== "";
  const isOnce = new Set(pairs.map(([role]) => role)).size === pairs.length;
  return pairs.length > 0 && isOnce && pairs.every(isFit) ? Object.fromEntries(pairs) : undefined;
}

/** The search range as it was given, in the table's unit. */
function rangeText({ searchRange: { y, x } }: Options, unit: string | null): string {
  return `${y === x ? y : `${y},${x}`} ${unit ?? "in the unit of the table"}`;
}

function warningsOf(where: string, o: Options, used: UsedColumns, linked: LinkedRows): string[] {
  const warnings = [...used.warnings];
  if (linked.unlinkable > 0) {
    warnings.push(`${where}: ${formatCount(linked.unlinkable, "row")} without a position got no track number`);
  }
  if (linked.duplicates > 0) {
    warnings.push(
      `${where}: ${formatCount(linked.duplicates, "row")} with the frame, y and x of another; each became a particle of its own`,
    );
  }
  const crowding = linked.crowding;
  const range = Math.sqrt(o.searchRange.y * o.searchRange.x);
  if (crowding && range > crowding.meanSpacing / 2) {
    warnings.push(
      `${where}, --search-range: ${rangeText(o, used.unit)} is more than half the mean spacing of ${crowding.meanSpacing.toPrecision(3)}: ` +
        `a likely subnet has ${(crowding.neighbors + 1).toFixed(1)} particles (the largest had ${formatCount(linked.largestSubnet, "track")}), and tracks may swap`,
    );
  }
  if (linked.degradedSubnets > 0) {
    warnings.push(
      `${where}: ${formatCount(linked.degradedSubnets, "subnet")} in ${formatCount(linked.degradedFrames, "frame")} linked greedily; --flags marks the rows`,
    );
  }
  return warnings;
}

function resultOf(
  path: string,
  o: Options,
  columns: readonly string[],
  used: UsedColumns,
  positions: Positions,
  linked: LinkedRows,
): Pick<CommandResult, "text" | "json"> {
  const names = { frame: columns[used.frame]!, y: columns[used.y]!, x: columns[used.x]!, particle: used.particleName };
  const json = {
    table: path,
    ...(o.out === undefined ? {} : { out: o.out }),
    rows: positions.rows,
    frames: linked.frames,
    tracks: linked.tracksKept,
    links: linked.links,
    gaps: linked.gaps,
    degradedSubnets: linked.degradedSubnets,
    degradedFrames: linked.degradedFrames,
    largestSubnet: linked.largestSubnet,
    rowsWithoutPosition: linked.unlinkable,
    duplicateRows: linked.duplicates,
    shortTracks: linked.tracks - linked.tracksKept,
    rowsInShortTracks: linked.rowsInShortTracks,
    dialect: used.dialect,
    columns: names,
    unit: used.unit,
    searchRange: { ...o.searchRange },
  };
  const short = `; ${formatCount(json.shortTracks, "track")} of fewer than ${o.minTrackLength} rows left without a number`;
  const text = [
    `${o.out ?? path}: ${formatCount(json.rows, "row")} in ${formatCount(json.frames, "frame")}: ${formatCount(json.tracks, "track")}, ` +
      `${formatCount(json.links, "link")}, ${json.gaps.toLocaleString("en-US")} of them across missing frames${json.shortTracks > 0 ? short : ""}`,
    `columns ${names.frame}, ${names.y}, ${names.x}${used.dialect === "plain" || used.dialect === "named" ? "" : ` (${used.dialect})`}; ` +
      `search range ${rangeText(o, used.unit)}, memory ${o.memory}; track numbers in ${names.particle}`,
  ].join("\n");
  return { text, json };
}

export const link = defineCommand({
  name: "link",
  summary: summaries.link,
  description:
    "Reads CSV, TSV, Parquet and Arrow of Mote, trackpy, TrackMate (spots), ThunderSTORM and others; writes the same rows in the same order, every other column untouched, with track numbers in particle_id, particle or TRACK_ID, whichever is there, else in a new column particle_id. In Parquet and Arrow a column of whole numbers is int64, of numbers float64, of anything else text; an empty cell is null. Rows need not be sorted.",
  usage: "TABLE",
  options,
  positional: "tables",
  examples: [
    {
      cmd: "link fixtures/tables/trackpy.csv --search-range 5 --memory 3 --out tracks.csv",
      shows: "A table of trackpy's locate, linked.",
    },
    {
      cmd: "link fixtures/tables/trackmate-spots.csv --search-range 1.5 --min-track-length 5 > tracks.csv",
      shows: "TrackMate's spots linked again; the search range is in their unit, here micrometres.",
    },
    {
      cmd: "link fixtures/tables/other.tsv --columns frame=slice,y=row,x=col --search-range 4 --flags",
      shows: "A table whose columns have other names, to stdout.",
    },
  ],
  async run(o, { reads }) {
    const problems = linkProblems("link", o);
    if (o.tables.length > 1) {
      const hint = "Link them one after the other.";
      problems.push({ code: "bad-option", where: "link", what: `expected one table, got ${o.tables.length}`, hint });
    }
    const path = o.tables[0]!;
    const out = o.out === "-" ? undefined : o.out;
    const { saveTable, tableOutProblem } = await import("../core/storage/table/save-table.js");
    const outProblem = out === undefined ? undefined : tableOutProblem(`link, --out ${out}`, out, o.force);
    if (outProblem) problems.push(outProblem);
    if (out !== undefined) {
      const { fileConflicts } = await import("../core/storage/claim/own-inputs.js");
      // The table itself may be replaced: it was read to its end when the new one takes its place.
      problems.push(...fileConflicts({ reads, writes: [{ where: `link, --out ${out}`, file: out }] }));
    }
    if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });

    const where = `link, ${path === "-" ? "stdin" : path}`;
    const { openTable } = await import("../core/storage/table/open-table.js");
    const { chooseColumns } = await import("../core/storage/table/choose-columns.js");
    const { linkPositions } = await import("../core/storage/table/link-positions.js");
    const table = await openTable(where, path);
    const used = chooseColumns(where, table.columns, table.statedUnits, o.columns ?? {});
    const positions = await table.positions(used);
    if (positions.rows === 0)
      throw refusal("nothing-in-it", where, "has columns but no rows", "There is nothing to link.");
    const linked = linkPositions(positions, linkParameters(o)!, o.minTrackLength);

    // A table of Mote's own may have flags from elsewhere: they stay, and what they say of linking is said anew.
    const hasFlags = o.flags || (used.dialect === "Mote" && used.flags >= 0);
    const labels = { particle: linked.labels.particle, flags: hasFlags ? linked.labels.flags : null };
    const pieces = table.labelled(used, labels, /\.tsv$/i.test(out ?? "") ? "\t" : ",");
    const result = {
      ...resultOf(path, { ...o, out }, table.columns, used, positions, linked),
      warnings: warningsOf(where, o, used, linked),
    };
    if (out === undefined) return { ...result, data: pieces };
    await saveTable(`link, --out ${out}`, out, o.force, pieces);
    table.close();
    return result;
  },
});
