// Archives a frame into a file of every kind and looks, after every call of the file system, whether one that has its name has
// its beginning, too. Arguments: folder, then file names. Prints JSON: how often each was seen, and which were seen empty.
import fs, { existsSync, readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";

const [folder, ...names] = process.argv.slice(2);
const seen = Object.fromEntries(names.map((name) => [name, 0]));
const empty = new Set();
let isLooking = false;
function look() {
  if (isLooking) return;
  isLooking = true;
  for (const name of names) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    seen[name]++;
    if (readFileSync(path).length < 4) empty.add(name);
  }
  isLooking = false;
}
for (const call of ["openSync", "writeSync", "ftruncateSync", "renameSync", "linkSync", "unlinkSync", "closeSync"]) {
  const original = fs[call];
  fs[call] = (...words) => {
    const result = original(...words);
    look();
    return result;
  };
}
syncBuiltinESMExports();

const { trackedFrame } = await import("./tracked-frame.mjs");
const { containerFor } = await import("../../../dist/core/storage/container-for.js");
const { geometry, descriptor, frame } = trackedFrame(8, 4);
for (const name of names) {
  const open = await containerFor("archive", name).load();
  const store = await open({ path: join(folder, name), where: "archive", descriptor, geometry });
  frame.header.reset("uint8", 8, 8, 8, 8);
  frame.rowCount = 0;
  await store.append(frame);
  await store.close({ isComplete: true, lost: 0, stages: [] });
}
console.log(JSON.stringify({ seen, empty: [...empty] }));
