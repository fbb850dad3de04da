/** Links the rows of a table, in any order, and says what is odd about them. Holds positions; touches no file. */
import { createLinker, type LinkSummary } from "../../tracking/link/linker.js";
import type { LinkParameters } from "../../tracking/link/parameters.js";
import type { Positions, RowLabels } from "./open-table.js";

/** Rows by frame: those of frame frames[i] are order[starts[i]] up to order[starts[i + 1] - 1], as in the table. */
interface FrameGroups {
  readonly frames: Float64Array;
  readonly starts: Uint32Array;
  readonly order: Uint32Array;
}

export interface LinkedRows extends LinkSummary {
  readonly labels: { readonly particle: Int32Array; readonly flags: Uint8Array };
  /** Tracks left after the shorter ones lost their numbers. */
  readonly tracksKept: number;
  /** Rows that lost their number because their track is too short. */
  readonly rowsInShortTracks: number;
  /** Rows that repeat frame, y and x of another. */
  readonly duplicates: number;
  /** Edge of the square that a particle has to itself, and others to expect within the search range of one. */
  readonly crowding: { readonly meanSpacing: number; readonly neighbors: number } | null;
}

/**
 * Numbers all rows; a row without a finite position gets -1. Tracks of fewer rows than `minTrackLength` get -1 too; the
 * others keep their numbers. Memory: 9 bytes a row beside the positions, and the linker's live tracks.
 */
export function linkPositions(positions: Positions, parameters: LinkParameters, minTrackLength: number): LinkedRows {
  const groups = groupByFrame(positions.frame);
  const linker = createLinker(parameters);
  const particle = new Int32Array(positions.rows);
  const flags = new Uint8Array(positions.rows);
  let largest = 0;
  for (let frame = 0; frame < groups.frames.length; frame++) {
    largest = Math.max(largest, groups.starts[frame + 1]! - groups.starts[frame]!);
  }
  const [y, x, ids] = [new Float64Array(largest), new Float64Array(largest), new Float64Array(largest)];
  const frameFlags = new Uint8Array(largest);
  let duplicates = 0;
  for (let frame = 0; frame < groups.frames.length; frame++) {
    const start = groups.starts[frame]!;
    const count = groups.starts[frame + 1]! - start;
    for (let i = 0; i < count; i++) {
      const row = groups.order[start + i]!;
      y[i] = positions.y[row]!;
      x[i] = positions.x[row]!;
    }
    linker.link(groups.frames[frame]!, count, y, 0, x, 0, ids, 0, frameFlags, 0);
    for (let i = 0; i < count; i++) {
      const row = groups.order[start + i]!;
      particle[row] = ids[i]!;
      flags[row] = frameFlags[i]!;
    }
    duplicates += countDuplicates(y, x, count);
  }
  const summary = linker.summary();
  const short = dropShortTracks(particle, summary.tracks, minTrackLength);
  return {
    ...summary,
    labels: { particle, flags },
    tracksKept: short.tracks,
    rowsInShortTracks: short.rows,
    duplicates,
    crowding: measureCrowding(positions, groups.frames.length, parameters.searchRange),
  } satisfies LinkedRows & { labels: RowLabels };
}

/** Sorts rows by frame, keeping their order within one: counting, so linear in rows. */
function groupByFrame(frame: Float64Array): FrameGroups {
  const counts = new Map<number, number>();
  eachRun(frame, (number, from, to) => counts.set(number, (counts.get(number) ?? 0) + to - from));
  const frames = Float64Array.from(counts.keys()).sort();
  const starts = new Uint32Array(frames.length + 1);
  const next = new Map<number, number>();
  for (let i = 0; i < frames.length; i++) {
    next.set(frames[i]!, starts[i]!);
    starts[i + 1] = starts[i]! + counts.get(frames[i]!)!;
  }
  const order = new Uint32Array(frame.length);
  eachRun(frame, (number, from, to) => {
    let at = next.get(number)!;
    for (let row = from; row < to; row++) order[at++] = row;
    next.set(number, at);
  });
  return { frames, starts, order };
}

/** Tables are mostly sorted: one look-up a run of equal frame numbers instead of one a row. */
function eachRun(frame: Float64Array, take: (number: number, from: number, to: number) => void): void {
  for (let from = 0; from < frame.length; ) {
    let to = from + 1;
    while (to < frame.length && frame[to] === frame[from]) to++;
    // Adding 0 makes -0 and 0 one frame.
    take(frame[from]! + 0, from, to);
    from = to;
  }
}

/** Points that coincide with an earlier one. Equal y are looked for first: a sort of plain numbers is fast. */
function countDuplicates(y: Float64Array, x: Float64Array, count: number): number {
  const sorted = y.slice(0, count).sort();
  let hasEqual = false;
  for (let i = 1; i < count && !hasEqual; i++) hasEqual = sorted[i] === sorted[i - 1];
  if (!hasEqual) return 0;
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => y[a]! - y[b]! || x[a]! - x[b]!);
  let duplicates = 0;
  for (let i = 1; i < count; i++) {
    const [one, other] = [order[i - 1]!, order[i]!];
    if (y[one] === y[other] && x[one] === x[other]) duplicates++;
  }
  return duplicates;
}

/** Takes the numbers of tracks shorter than `least` away, in place. */
function dropShortTracks(particle: Int32Array, tracks: number, least: number): { tracks: number; rows: number } {
  if (least <= 1) return { tracks, rows: 0 };
  const lengths = new Uint32Array(tracks);
  for (const id of particle) if (id >= 0) lengths[id]!++;
  let rows = 0;
  for (let row = 0; row < particle.length; row++) {
    const id = particle[row]!;
    if (id < 0 || lengths[id]! >= least) continue;
    particle[row] = -1;
    rows++;
  }
  return { tracks: lengths.reduce((kept, length) => kept + (length >= least ? 1 : 0), 0), rows };
}

/**
 * From the mean number of particles a frame, spread evenly over the rectangle around all of them: the spacing is
 * 1 / sqrt(density), the neighbours pi times both search ranges times density. Null where that says nothing: fewer than
 * three particles a frame, or all on one line.
 */
function measureCrowding(
  positions: Positions,
  frames: number,
  range: LinkParameters["searchRange"],
): LinkedRows["crowding"] {
  let [top, bottom, left, right] = [Infinity, -Infinity, Infinity, -Infinity];
  let points = 0;
  for (let row = 0; row < positions.rows; row++) {
    const [y, x] = [positions.y[row]!, positions.x[row]!];
    if (!(Number.isFinite(y) && Number.isFinite(x))) continue;
    points++;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
    if (x < left) left = x;
    if (x > right) right = x;
  }
  const area = (bottom - top) * (right - left);
  const density = points / frames / area;
  if (points < 3 * frames || !(area > 0)) return null;
  return { meanSpacing: 1 / Math.sqrt(density), neighbors: Math.PI * range.y * range.x * density };
}
