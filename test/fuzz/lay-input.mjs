/** Writes the mutated copy of an input into a folder of its own, under the name it had. */
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { mutateBytes } from "./mutate-bytes.mjs";
import { mutateJson } from "./mutate-json.mjs";
import { mutatePng } from "./mutate-png.mjs";
import { mutateStream } from "./mutate-stream.mjs";
import { mutateTable } from "./mutate-table.mjs";

/** How the content of a file of this name is changed with its form in mind; undefined where there is no such way. */
function knowingly(name) {
  const text = (mutate) => (bytes, random) => Buffer.from(mutate(bytes.toString("utf8"), random));
  if (name.endsWith(".mote")) return mutateStream;
  if (name.endsWith(".png")) return mutatePng;
  if (name.endsWith(".json")) return text(mutateJson);
  if (name.endsWith(".csv")) return text((value, random) => mutateTable(value, random, ","));
  if (name.endsWith(".ndjson")) return text((value, random) => mutateTable(value, random, null));
  return undefined;
}

function mutated(path, bytes, random) {
  const way = random.chance(0.65) ? knowingly(path) : undefined;
  return (way ?? mutateBytes)(bytes, random);
}

function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesIn(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

/** What was read of each original: its files in order, their paths within it ("" of a file by itself) and bytes. */
const originals = new Map();

function originalOf(path) {
  if (!originals.has(path)) {
    const files = statSync(path).isDirectory() ? filesIn(path).sort() : [path];
    originals.set(path, new Map(files.map((file) => [file.slice(path.length), readFileSync(file)])));
  }
  return originals.get(path);
}

/** Returns the path of the copy and its bytes. */
export function layInput(original, folder, random) {
  const path = join(folder, basename(original));
  // No mutation writes into the bytes that it is given.
  const contents = new Map(originalOf(original));
  const files = [...contents.keys()].map((name) => path + name);
  const texts = files.filter((file) => /json$/.test(file));
  for (let times = files.length === 1 || random.chance(0.7) ? 1 : 3; times > 0; times--) {
    const file = random.pick(texts.length > 0 && random.chance(0.6) ? texts : files);
    const name = file.slice(path.length);
    contents.set(name, mutated(file, contents.get(name), random));
  }
  let bytes = 0;
  for (const [name, content] of contents) {
    if (name !== "") mkdirSync(dirname(path + name), { recursive: true });
    writeFileSync(path + name, content);
    bytes += content.length;
  }
  if (files.length > 1 && random.chance(0.03)) symlinkSync(path, join(path, "loop"));
  return { path, bytes };
}
