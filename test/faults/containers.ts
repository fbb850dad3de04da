/** Every container that Mote writes, how a run is asked for it, and who reads it besides us. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { acquire } from "../../src/commands/acquire.js";
import { runSource } from "../core/run-source.js";
import { python } from "../judges.js";

export interface Container {
  /** What follows the stem of its name: ".h5"; "/" for a folder of files. */
  readonly ending: string;
  /** Kind of reader in containers.py. */
  readonly reader: string;
  readonly stage: "archive" | "compress";
  /** Options beside --out. */
  readonly options?: readonly string[];
  /** Bytes, or files of a folder, from which on at least one frame is stored. */
  readonly started: number;
}

export const containers: readonly Container[] = [
  { ending: ".csv", reader: "csv", stage: "archive", started: 2000 },
  { ending: ".parquet", reader: "parquet", stage: "archive", started: 60_000 },
  { ending: ".arrow", reader: "arrow", stage: "archive", started: 5000 },
  { ending: ".arrows", reader: "arrow", stage: "archive", started: 5000 },
  { ending: ".ndjson", reader: "ndjson", stage: "archive", started: 5000 },
  { ending: ".mote", reader: "mote", stage: "archive", started: 40_000 },
  { ending: ".h5", reader: "h5", stage: "archive", options: ["--hdf5-filter", "none"], started: 150_000 },
  { ending: ".tif", reader: "tif", stage: "archive", started: 40_000 },
  { ending: ".ome.tif", reader: "tif", stage: "archive", options: ["--tiff-compression", "lzw"], started: 40_000 },
  { ending: ".ome.zarr", reader: "zarr", stage: "archive", started: 5 },
  {
    ending: "/",
    reader: "tifs",
    stage: "archive",
    options: ["--name-template", "f_{frame:06}.tif"],
    started: 2,
  },
  { ending: "/", reader: "jxls", stage: "compress", options: ["--workers", "1"], started: 2 },
];

export const bin = resolve("bin/mote.js");

/** The recording that all runs repeat: its frames' checksums, and how many particles each has. */
export interface Recording {
  readonly path: string;
  readonly crcs: readonly number[];
  readonly rows: readonly number[];
}

export const locate = ["track", "--diameter", "9", "--minmass", "300", "--search-range", "5", "--workers", "1"];

/** The stages of a run from a source, with its words, into `out`. */
export function stagesInto(out: string, { stage, options = [] }: Container, source: readonly string[]): string[] {
  const track = stage === "archive" ? [...locate, "then"] : [];
  return [...source, "then", ...track, stage, "--out", out, ...options];
}

/** Words of a run of the recording into `out`. */
export function runOf(
  recording: Recording,
  container: Container,
  out: string,
  given: readonly string[] = [],
): string[] {
  return ["run", ...stagesInto(out, container, ["acquire", recording.path, ...given])];
}

export interface Ended {
  readonly code: number | null;
  readonly err: string;
}

/** Runs mote; `watch` may kill it. */
export function mote(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  watch?: (kill: () => void, hasEnded: () => boolean) => Promise<void>,
): Promise<Ended> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [bin, ...words], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...env },
    });
    let err = "";
    child.stderr.on("data", (piece: Buffer) => {
      err += piece.toString();
    });
    child.on("error", failed);
    child.on("close", (code) => done({ code, err }));
    watch?.(
      () => child.kill("SIGKILL"),
      () => child.exitCode !== null,
    ).catch(failed);
  });
}

/** True when at least one frame has reached the container. */
export function hasStarted({ ending, started }: Container, path: string): boolean {
  if (!existsSync(path)) return false;
  const { size, blocks } = statSync(path);
  // A file with holes is large before it holds anything.
  if (!statSync(path).isDirectory()) return Math.min(size, blocks * 512) >= started;
  const isFrame = (name: string) => (ending === "/" ? /^[^.].*\.(jxl|tif)$/.test(name) : /^\d+$/.test(name));
  return (
    readdirSync(path, { recursive: true }).filter((name) => isFrame(String(name).split("/").at(-1)!)).length >= started
  );
}

export interface Found {
  readonly error?: string;
  readonly frames?: readonly number[] | null;
  readonly rows?: readonly number[] | null;
}

/** What the stock reader finds in each of these files. */
export function judge({ reader }: Container, paths: readonly string[]): Found[] {
  const script = join(import.meta.dirname, "containers.py");
  const ran = spawnSync(python!, [script, reader, ...paths], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (ran.status !== 0) throw new Error(ran.stderr);
  const found = ran.stdout.trim().split("\n");
  return found.map((line) => JSON.parse(line) as Found);
}

/** Simulates the recording and looks at it with our own reader and one run of track. */
export async function record(folder: string): Promise<Recording> {
  const path = join(folder, "was.mote");
  const sim = ["--camera", "sim", "--size", "96x80", "--frames", "30", "--beads", "7", "--bit-depth", "12"];
  const made = await mote(["run", "acquire", ...sim, "then", "archive", "--out", path]);
  if (made.code !== 0) throw new Error(made.err);
  const { crc32 } = await import("node:zlib");
  const { frames } = await runSource(acquire, { files: [path] });
  const crcs = frames.map(({ pixels }) => crc32(new Uint8Array(pixels.buffer)));
  const table = join(folder, "was.csv");
  const csv = containers.find(({ ending }) => ending === ".csv")!;
  const tracked = await mote(runOf({ path, crcs, rows: [] }, csv, table));
  if (tracked.code !== 0) throw new Error(tracked.err);
  const [found] = judge(csv, [table]);
  return { path, crcs, rows: found!.rows! };
}

/** Why these frames are not the recording's, from its first on, over and over; undefined when they are. */
export function difference(found: Found, { crcs, rows }: Recording): string | undefined {
  if (found.error !== undefined) return found.error;
  const wrong = (found.frames ?? []).findIndex((crc, at) => crc !== crcs[at % crcs.length]);
  if (wrong >= 0) return `frame ${wrong} of ${found.frames!.length} has other pixels`;
  const least = (found.rows ?? []).findIndex((count, at) => count !== rows[at % rows.length]);
  if (least >= 0)
    return `frame ${least} of ${found.rows!.length} has ${found.rows![least]} rows, expected ${rows[least % rows.length]}`;
  return undefined;
}

/** Frames of which the container knows something. */
export function framesIn(found: Found): number {
  return (found.frames ?? found.rows ?? []).length;
}
