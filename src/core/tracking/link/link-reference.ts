/**
 * The slow twin of the linker: every distance measured, every subnet found by flooding and assigned by the Hungarian
 * method on a full matrix. Plain objects, nothing shared with the fast code but the meaning; only for tests.
 */
import { adaptiveMaxNeighbors } from "./candidate-graph.js";
import { type LinkParameters, type LinkSettings, resolveLinkParameters } from "./parameters.js";

/** The positions of one frame, pixels; `y` and `x` have one entry a feature. */
export interface ReferenceFrame {
  readonly frame: number;
  readonly y: ArrayLike<number>;
  readonly x: ArrayLike<number>;
}

interface Track {
  readonly id: number;
  y: number;
  x: number;
  frame: number;
}

interface Pair {
  readonly track: number;
  readonly feature: number;
  readonly distance: number;
}

interface Sample {
  readonly y: number;
  readonly x: number;
  readonly velocityY: number;
  readonly velocityX: number;
}

/**
 * Track numbers of every frame, as `createLinker` would give them without a budget. Frames come in increasing order.
 * O(tracks x features) distances and O(n³) per subnet. Throws where the fast linker would degrade.
 */
export function linkReference(frames: readonly ReferenceFrame[], parameters: LinkParameters): number[][] {
  const settings = resolveLinkParameters(parameters);
  const { scale, range, memory, isAdaptive, predictor } = settings;
  let live: Track[] = [];
  let samples: Sample[] = [];
  let lastObserved = Number.NEGATIVE_INFINITY;
  let nextId = 0;

  return frames.map(({ frame, y, x }) => {
    live = live.filter((track) => frame - track.frame <= memory + 1);
    const expected = live.map((track) => {
      const velocity = predictor === "none" ? { y: 0, x: 0 } : velocityAt(track, samples, predictor === "drift");
      const frames = frame - track.frame;
      return { y: (track.y + velocity.y * frames) / scale.y, x: (track.x + velocity.x * frames) / scale.x };
    });

    let pairs: Pair[] = [];
    for (let feature = 0; feature < y.length; feature++) {
      const near: Pair[] = [];
      for (const [track, place] of expected.entries()) {
        const distance = Math.sqrt((place.y - y[feature]! / scale.y) ** 2 + (place.x - x[feature]! / scale.x) ** 2);
        if (distance < range + 1e-7) near.push({ track, feature, distance });
      }
      near.sort((a, b) => a.distance - b.distance);
      pairs = pairs.concat(isAdaptive ? near.slice(0, adaptiveMaxNeighbors) : near);
    }
    const links = new Map(
      connected(pairs)
        .flatMap((subnet) => assignSubnet(subnet, range, settings))
        .map((pair) => [pair.feature, pair.track]),
    );

    const continued = new Set(links.values());
    const next: Track[] = [];
    const newSamples: Sample[] = [];
    const ids = Array.from(y, (featureY, feature) => {
      const featureX = x[feature]!;
      if (!Number.isFinite(featureY) || !Number.isFinite(featureX)) return -1;
      const track = live[links.get(feature) ?? -1];
      if (track !== undefined && track.frame === lastObserved) {
        const between = frame - lastObserved;
        const velocityY = (featureY - track.y) / between;
        newSamples.push({ y: featureY, x: featureX, velocityY, velocityX: (featureX - track.x) / between });
      }
      const id = track?.id ?? nextId++;
      next.push({ id, y: featureY, x: featureX, frame });
      return id;
    });
    if (next.length > 0) {
      lastObserved = frame;
      samples = newSamples;
    }
    live = [...next, ...live.filter((_, track) => !continued.has(track))];
    return ids;
  });
}

function velocityAt(track: Track, samples: readonly Sample[], isMean: boolean): { y: number; x: number } {
  if (samples.length === 0) return { y: 0, x: 0 };
  if (isMean) {
    const sum = samples.reduce((a, b) => ({ y: a.y + b.velocityY, x: a.x + b.velocityX }), { y: 0, x: 0 });
    return { y: sum.y / samples.length, x: sum.x / samples.length };
  }
  const square = (sample: Sample): number => (sample.y - track.y) ** 2 + (sample.x - track.x) ** 2;
  const nearest = samples.reduce((a, b) => (square(b) < square(a) ? b : a));
  return { y: nearest.velocityY, x: nearest.velocityX };
}

/** Groups the pairs that share a track or a feature, directly or through others. */
function connected(pairs: readonly Pair[]): Pair[][] {
  let left = [...pairs];
  const groups: Pair[][] = [];
  while (left.length > 0) {
    const tracks = new Set([left[0]!.track]);
    const features = new Set([left[0]!.feature]);
    let group: Pair[] = [];
    for (;;) {
      const touches = (pair: Pair): boolean => tracks.has(pair.track) || features.has(pair.feature);
      const found = left.filter(touches);
      if (found.length === 0) break;
      group = group.concat(found);
      left = left.filter((pair) => !touches(pair));
      for (const pair of found) {
        tracks.add(pair.track);
        features.add(pair.feature);
      }
    }
    groups.push(group);
  }
  return groups;
}

function assignSubnet(subnet: Pair[], range: number, settings: LinkSettings): Pair[] {
  const tracks = [...new Set(subnet.map((pair) => pair.track))];
  const features = [...new Set(subnet.map((pair) => pair.feature))];
  if (tracks.length === 1 && features.length === 1) return subnet;

  const isSmall = tracks.length === 1 || features.length === 1 || (tracks.length <= 3 && features.length <= 3);
  const most = Math.max(...tracks.map((track) => subnet.filter((pair) => pair.track === track).length));
  const isTooLarge = tracks.length > settings.maxSubnet || (settings.isAdaptive && !isSmall && most > 8);
  if (isTooLarge && features.length > 1 && tracks.length > 1) {
    if (!settings.isAdaptive || range <= settings.adaptiveStop) throw new Error(`a subnet of ${tracks.length} tracks`);
    const smaller = range * settings.adaptiveStep;
    const parts = connected(subnet.filter((pair) => pair.distance <= smaller));
    return parts.flatMap((part) => assignSubnet(part, smaller, settings));
  }

  const lost = range * range;
  const cost = tracks.map((track) => [
    ...features.map((feature) => {
      const pair = subnet.find((one) => one.track === track && one.feature === feature);
      return pair === undefined ? Number.POSITIVE_INFINITY : pair.distance ** 2;
    }),
    ...tracks.map((other) => (other === track ? lost : Number.POSITIVE_INFINITY)),
  ]);
  const columns = assignRows(cost);
  return subnet.filter((pair) => columns[tracks.indexOf(pair.track)] === features.indexOf(pair.feature));
}

/**
 * The column of every row so that the sum of costs is smallest; rows <= columns, Infinity forbids. The Hungarian method
 * with potentials, O(rows² x columns) (Kuhn 1955; Munkres 1957).
 */
export function assignRows(cost: readonly (readonly number[])[]): number[] {
  const rows = cost.length;
  const columns = cost[0]?.length ?? 0;
  const rowPotential = new Array<number>(rows + 1).fill(0);
  const columnPotential = new Array<number>(columns + 1).fill(0);
  /** Row of every column, counted from 1; column 0 stands for the row being placed. */
  const rowOf = new Array<number>(columns + 1).fill(0);
  for (let row = 1; row <= rows; row++) {
    const slack = new Array<number>(columns + 1).fill(Number.POSITIVE_INFINITY);
    const before = new Array<number>(columns + 1).fill(0);
    const isDone = new Array<boolean>(columns + 1).fill(false);
    rowOf[0] = row;
    let column = 0;
    while (rowOf[column] !== 0) {
      isDone[column] = true;
      const current = rowOf[column]!;
      let delta = Number.POSITIVE_INFINITY;
      let nearest = 0;
      for (let j = 1; j <= columns; j++) {
        if (isDone[j]) continue;
        const reduced = cost[current - 1]![j - 1]! - rowPotential[current]! - columnPotential[j]!;
        if (reduced < slack[j]!) {
          slack[j] = reduced;
          before[j] = column;
        }
        if (slack[j]! < delta) {
          delta = slack[j]!;
          nearest = j;
        }
      }
      for (let j = 0; j <= columns; j++) {
        if (isDone[j]) {
          rowPotential[rowOf[j]!]! += delta;
          columnPotential[j]! -= delta;
        } else slack[j]! -= delta;
      }
      column = nearest;
    }
    while (column !== 0) {
      const previous = before[column]!;
      rowOf[column] = rowOf[previous]!;
      column = previous;
    }
  }
  const columnOf = new Array<number>(rows).fill(-1);
  for (let j = 1; j <= columns; j++) if (rowOf[j]! > 0) columnOf[rowOf[j]! - 1] = j - 1;
  return columnOf;
}
