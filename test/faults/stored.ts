/** What a container holds, frame by frame, however it is read; to be compared with what the simulated camera showed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { tableFromIPC } from "apache-arrow";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { eachFrame } from "../core/storage/each-frame.js";

/** Checksums of pixels by frame number. */
export type Pixels = ReadonlyMap<number, number>;
/** Detections by frame number, each as "particle,x,y". */
export type Rows = ReadonlyMap<number, readonly string[]>;

export async function pixelsOf(path: string): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for await (const { number, pixels } of eachFrame(path)) found.set(number, crc32(new Uint8Array(pixels.buffer)));
  return found;
}

/** The same of a folder with a file for each frame; unfinished ones, which are hidden, are none of it. */
export async function pixelsOfFolder(path: string, ending: string): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for (const name of readdirSync(path).sort()) {
    if (name.startsWith(".") || !name.endsWith(ending)) continue;
    const number = Number(/(\d+)\.\w+$/.exec(name)![1]);
    for (const [, checksum] of await pixelsOf(join(path, name))) found.set(number, checksum);
  }
  return found;
}

function gather(
  rows: Iterable<readonly [frame: number, particle: unknown, x: number, y: number]>,
): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const [frame, particle, x, y] of rows) {
    const row = `${particle},${x},${y}`;
    const rest = found.get(frame);
    if (rest) rest.push(row);
    else found.set(frame, [row]);
  }
  return found;
}

/** Of a table of tracks in any of its formats. */
export async function rowsOf(path: string): Promise<Map<number, string[]>> {
  if (path.endsWith(".parquet")) {
    const file = await asyncBufferFromFile(path);
    const found = await parquetReadObjects({ file, compressors });
    return gather(found.map(({ frame, particle_id, x, y }) => [Number(frame), particle_id, x, y]));
  }
  if (/\.arrows?$/.test(path)) {
    const table = tableFromIPC(readFileSync(path));
    return gather([...table].map(({ frame, particle_id, x, y }) => [Number(frame), particle_id ?? undefined, x, y]));
  }
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  if (path.endsWith(".ndjson")) return gather(lines.flatMap((line) => rowsOfDocument(JSON.parse(line))));
  return gather(
    lines.slice(1).map((line) => {
      const [frame, particle, x, y] = line.split(",");
      return [Number(frame), particle, Number(x), Number(y)] as const;
    }),
  );
}

interface EventDocument {
  readonly doc: {
    readonly data?: {
      readonly frame?: number;
      readonly x?: number[];
      readonly y?: number[];
      readonly particle_id?: number[];
    };
  };
}

function rowsOfDocument({ doc: { data } }: EventDocument) {
  if (!Array.isArray(data?.x)) return [];
  return data.x.map((x, index) => [data.frame!, data.particle_id?.[index], x, data.y![index]!] as const);
}

/** Why frames are not 0, 1, 2 ... of the truth; undefined when they are. */
export function differenceOf<Content>(
  found: ReadonlyMap<number, Content>,
  truth: ReadonlyMap<number, Content>,
): string | undefined {
  const numbers = [...found.keys()].sort((a, b) => a - b);
  const hole = numbers.findIndex((number, index) => number !== index);
  if (hole >= 0) return `frame ${numbers[hole]} stands where ${hole} should be, of ${numbers.length}`;
  const other = numbers.find((number) => String(found.get(number)) !== String(truth.get(number)));
  if (other === undefined) return undefined;
  return `frame ${other} of ${numbers.length} has ${String(found.get(other))}, expected ${String(truth.get(other))}`;
}
