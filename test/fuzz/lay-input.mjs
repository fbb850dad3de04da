/** Puts the mutated copy of an input into a folder of its own, under the name it had. */
import { cpSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
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

function mutateFile(path, random) {
  const bytes = readFileSync(path);
  const way = random.chance(0.65) ? knowingly(path) : undefined;
  writeFileSync(path, (way ?? mutateBytes)(bytes, random));
}

function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesIn(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

/** Returns the path of the copy and its bytes. */
export function layInput(original, folder, random) {
  const path = join(folder, basename(original));
  cpSync(original, path, { recursive: true });
  const files = statSync(path).isDirectory() ? filesIn(path).sort() : [path];
  const texts = files.filter((file) => /json$/.test(file));
  for (let times = files.length === 1 || random.chance(0.7) ? 1 : 3; times > 0; times--) {
    mutateFile(random.pick(texts.length > 0 && random.chance(0.6) ? texts : files), random);
  }
  if (files.length > 1 && random.chance(0.03)) symlinkSync(path, join(path, "loop"));
  return { path, bytes: files.reduce((sum, file) => sum + statSync(file).size, 0) };
}
