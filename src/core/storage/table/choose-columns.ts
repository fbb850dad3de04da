/** Which columns of a table are frame, y, x and particle, and in which unit its positions are. Pure. */
import { MoteError, type Problem, refusal } from "../../errors.js";
import { nearestName } from "../../option/names.js";

export type TableDialect = "Mote" | "trackpy" | "TrackMate" | "ThunderSTORM" | "named" | "plain";

/** Columns by their place in the table, from 0. */
export interface UsedColumns {
  readonly dialect: TableDialect;
  readonly frame: number;
  readonly y: number;
  readonly x: number;
  /** -1: the column is appended. */
  readonly particle: number;
  readonly particleName: string;
  /** Place of a column named flags; -1: appended when flags are wanted. */
  readonly flags: number;
  /** Unit of the positions, as people write it; null when the table does not say. */
  readonly unit: string | null;
  readonly warnings: readonly string[];
}

export type ColumnRole = "frame" | "y" | "x" | "particle";
export type GivenColumns = { readonly [Role in ColumnRole]?: string };

/** Names of the particle column, in the order in which they are looked for. */
const particleNames = ["particle_id", "particle", "TRACK_ID"];

/** Spellings of units in headers, to the one we print. */
const units: Readonly<Record<string, string>> = {
  ...{ px: "px", pixel: "px", pixels: "px", nm: "nm", nanometer: "nm", nanometers: "nm" },
  ...{ um: "um", µm: "um", μm: "um", micron: "um", microns: "um", micrometer: "um", mm: "mm" },
};

/** "x [nm]", "X (um)", "y_px" -> the bare name in lower case and its unit. */
function splitName(name: string): { bare: string; unit: string | null } {
  const match = /^\s*(.*?)\s*(?:\[([^\]]*)\]|\(([^)]*)\)|_(px|nm|um|µm|μm|mm))\s*$/i.exec(name);
  if (!match?.[1]) return { bare: name.trim().toLowerCase(), unit: null };
  return { bare: match[1].toLowerCase(), unit: unitOf(match[2] ?? match[3] ?? match[4] ?? "") };
}

function unitOf(text: string): string | null {
  const plain = text.replace(/^\s*[[(]|[\])]\s*$/g, "").trim();
  return plain === "" ? null : (units[plain.toLowerCase()] ?? plain);
}

/** The first column of an exact name, or else of the same name but for case and unit. */
function find(columns: readonly string[], role: string): number {
  const exact = columns.indexOf(role);
  if (exact >= 0) return exact;
  const trackMate = role === "frame" ? -1 : columns.indexOf(`POSITION_${role.toUpperCase()}`);
  return trackMate >= 0 ? trackMate : columns.findIndex((name) => splitName(name).bare === role);
}

/**
 * Decides by the columns' names: Mote's and trackpy's frame, y, x (pixels); TrackMate's FRAME, POSITION_Y, POSITION_X;
 * ThunderSTORM's frame, "y [nm]", "x [nm]"; any other with these names but for case and unit. `given` names win.
 * Refuses a table without one of them, with the nearest name, and positions in two units.
 */
export function chooseColumns(
  where: string,
  columns: readonly string[],
  statedUnits: readonly string[],
  given: GivenColumns,
): UsedColumns {
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const place = (role: "frame" | "y" | "x"): number => {
    const name = given[role];
    const at = name === undefined ? find(columns, role) : columns.indexOf(name);
    if (at < 0) problems.push(missingColumn(where, columns, role, name));
    else if (columns.indexOf(columns[at]!, at + 1) > 0) {
      warnings.push(`${where}: two columns are named ${columns[at]}; the first is used`);
    }
    return at;
  };
  const [frame, y, x] = [place("frame"), place("y"), place("x")];
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
  if (frame === y || frame === x || y === x) {
    throw refusal("bad-option", `${where}, --columns`, "expected three different columns for frame, y and x");
  }

  const particleName = given.particle ?? particleNames.find((name) => columns.includes(name)) ?? "particle_id";
  const particle = columns.indexOf(particleName);
  if (particle >= 0 && [frame, y, x].includes(particle)) {
    throw refusal(
      "bad-option",
      `${where}, --columns particle=${particleName}`,
      "is a column of the positions",
      "Name another.",
    );
  }
  const isGiven = given.frame !== undefined || given.y !== undefined || given.x !== undefined;
  const dialect = isGiven ? "named" : dialectOf(columns[x]!, columns);
  const unitAt = (at: number): string | null => unitOf(statedUnits[at] ?? "") ?? splitName(columns[at]!).unit;
  const [unitY, unitX] = [unitAt(y), unitAt(x)];
  if (unitY !== unitX) {
    const what = `${columns[y]} is in ${unitY ?? "no stated unit"}, ${columns[x]} in ${unitX ?? "no stated unit"}`;
    throw refusal("bad-option", where, what, "Name two columns of one unit: --columns y=...,x=...");
  }
  const isPixels = columns[y] === "y" && columns[x] === "x";
  const unit = unitX ?? (isPixels ? "px" : null);
  return { dialect, frame, y, x, particle, particleName, flags: columns.indexOf("flags"), unit, warnings };
}

function dialectOf(x: string, columns: readonly string[]): TableDialect {
  if (x === "POSITION_X") return "TrackMate";
  if (x === "x [nm]") return "ThunderSTORM";
  if (x !== "x") return "plain";
  return columns.includes("particle_id") ? "Mote" : columns.includes("particle") ? "trackpy" : "plain";
}

function missingColumn(where: string, columns: readonly string[], role: string, name: string | undefined): Problem {
  const nearest = nearestColumn(columns, name ?? role);
  const listed = columns.slice(0, 12).join(", ") + (columns.length > 12 ? ", ..." : "");
  const hint = nearest
    ? `Is it ${nearest}? Then say --columns ${role}=${/[ ,]/.test(nearest) ? `'${nearest}'` : nearest}.`
    : `Say which one it is: --columns ${role}=NAME.`;
  return { code: "no-such-item", where, what: `there is no column ${name ?? role}; there are ${listed}`, hint };
}

/** A column that has the name as one of its words ("pos_y", "Y position"), else one spelt nearly so; a letter is no spelling. */
function nearestColumn(columns: readonly string[], name: string): string | undefined {
  const others = columns.filter((one) => !["frame", "y", "x"].includes(one));
  const hasWord = (one: string): boolean =>
    one
      .toLowerCase()
      .split(/[^a-z]+/)
      .includes(name.toLowerCase());
  return others.find(hasWord) ?? (name.length > 2 ? nearestName(name, others) : undefined);
}
