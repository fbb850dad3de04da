/**
 * A power cut, played over what a program was recorded to do (recording-files.mjs): what was synced is there; of the rest chance
 * decides, bytes by page of memory, as the system writes them when it likes. Names come back in the order in which they were given, as
 * a file system with a journal keeps them, but without any order to the bytes.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

interface Entry {
  readonly folder: number;
  readonly name: string;
}

type Operation =
  | { readonly op: "root"; readonly id: number }
  | (Entry & { readonly op: "make" | "makeFolder" | "link"; readonly id: number })
  | (Entry & { readonly op: "unlink" })
  | { readonly op: "rename"; readonly old?: Entry; readonly made?: Entry; readonly id: number }
  | { readonly op: "write"; readonly id: number; readonly at: number; readonly data: string }
  | { readonly op: "truncate"; readonly id: number; readonly bytes: number }
  | { readonly op: "sync"; readonly id: number }
  | { readonly op: "durable"; readonly first: number; readonly count: number };

export type Recording = readonly Operation[];

const preload = pathToFileURL(join(import.meta.dirname, "recording-files.mjs")).href;
const archiver = join(import.meta.dirname, "archive.mjs");

interface RecordedProgram {
  readonly plan: unknown;
  readonly frames: number;
  readonly rows: number;
  readonly settings?: object;
  /** "same": the machine runs on, and only its disk is cut off. */
  readonly boot?: "earlier" | "same";
}

/** What storing frames does to the disk. */
export function record(
  root: string,
  name: string,
  { plan, frames, rows, settings, boot = "earlier" }: RecordedProgram,
): Recording {
  const folder = join(root, "recorded");
  mkdirSync(folder);
  const log = join(root, "log");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      ...[`--import=${preload}`, archiver, join(folder, name)],
      ...[JSON.stringify(plan), String(frames), String(rows), JSON.stringify(settings ?? {})],
    ],
    { env: { ...process.env, RECORDED_FOLDER: folder, RECORDED_LOG: log, RECORDED_BOOT: boot }, encoding: "utf8" },
  );
  if (status !== 0 || stderr !== "") throw new Error(`the recorded program ended with ${status}: ${stderr}`);
  const { failure, warnings } = JSON.parse(stdout);
  if (failure !== null || warnings.length > 0) throw new Error(`the recorded program said ${stdout}`);
  return readFileSync(log, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Operation);
}

/** Frames that were called durable before that operation. */
export function durableBefore(recording: Recording, cut: number): number[] {
  return recording
    .slice(0, cut)
    .flatMap((one) => (one.op === "durable" ? Array.from({ length: one.count }, (_, at) => one.first + at) : []));
}

const pageBytes = 4096;

/** Writes to `into` what the disk has when the power goes before operation `cut`. */
export function playCut(recording: Recording, cut: number, random: () => number, into: string): void {
  const done = recording.slice(0, cut);
  const synced = new Map<number, number>();
  for (const [at, one] of done.entries()) if (one.op === "sync") synced.set(one.id, at);
  const isSynced = (id: number, at: number) => at < (synced.get(id) ?? -1);
  // All of what was not synced is lost, or some, or nothing.
  const share = [0, 0.2, 0.5, 0.8, 1][Math.floor(random() * 5)]!;
  const isKept = () => random() < share;
  const namesUpTo = Math.floor(random() * share * (cut + 1));

  const root = done.find(({ op }) => op === "root") as { id: number };
  const folders = new Map<number, Map<string, number>>([[root.id, new Map()]]);
  /** With room behind their bytes. */
  const files = new Map<number, { readonly content: Buffer; readonly bytes: number }>();

  /** A name counts when its folder was synced behind it, or it came back by the journal. */
  const hasName = (entry: Entry | undefined, at: number) =>
    entry !== undefined && (at < namesUpTo || isSynced(entry.folder, at));

  function put(id: number, at: number, bytes: Buffer): void {
    const before = files.get(id)!;
    const isLonger = at + bytes.length > before.content.length;
    const content = isLonger ? Buffer.alloc(2 * (at + bytes.length)) : before.content;
    if (isLonger) before.content.copy(content, 0, 0, before.bytes);
    bytes.copy(content, at);
    files.set(id, { content, bytes: Math.max(before.bytes, at + bytes.length) });
  }

  for (const [at, one] of done.entries()) {
    if (one.op === "make" || one.op === "makeFolder" || one.op === "link") {
      if (one.op === "makeFolder") folders.set(one.id, folders.get(one.id) ?? new Map());
      if (one.op === "make") files.set(one.id, { content: Buffer.alloc(0), bytes: 0 });
      if (hasName(one, at)) folders.get(one.folder)?.set(one.name, one.id);
    } else if (one.op === "unlink") {
      if (hasName(one, at)) folders.get(one.folder)?.delete(one.name);
    } else if (one.op === "rename") {
      if (hasName(one.made, at) || hasName(one.old, at)) {
        if (one.old) folders.get(one.old.folder)?.delete(one.old.name);
        if (one.made) folders.get(one.made.folder)?.set(one.made.name, one.id);
      }
    } else if (one.op === "write") {
      const bytes = Buffer.from(one.data, "base64");
      for (let from = 0; from < bytes.length; ) {
        const to = Math.min(bytes.length, (Math.floor((one.at + from) / pageBytes) + 1) * pageBytes - one.at);
        if (isSynced(one.id, at) || isKept()) put(one.id, one.at + from, bytes.subarray(from, to));
        from = to;
      }
    } else if (one.op === "truncate" && (isSynced(one.id, at) || isKept())) {
      const before = files.get(one.id)!;
      const content = Buffer.alloc(one.bytes);
      before.content.copy(content, 0, 0, Math.min(before.bytes, one.bytes));
      files.set(one.id, { content, bytes: one.bytes });
    }
  }

  function lay(folder: number, path: string): void {
    mkdirSync(path, { recursive: true });
    for (const [name, id] of folders.get(folder)!) {
      // Locks say who writes, and nobody does any more.
      if (name.endsWith(".lock")) continue;
      if (folders.has(id)) lay(id, join(path, name));
      else {
        const { content, bytes } = files.get(id)!;
        writeFileSync(join(path, name), content.subarray(0, bytes));
      }
    }
  }
  lay(root.id, into);
}
