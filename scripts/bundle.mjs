// Few files to load at the start instead of hundreds: dist/start/chunks has what tsc left in dist, joined. Chunks hold what
// every command needs, what reads its words, what a run and its threads need at once, what looks at an image file, and what
// these two have in common; stages, formats and all that is loaded when it is asked for stay files of their own. commander is
// joined in, for what it is made of takes longer to load than to run. Stack traces are led back to the files of dist by their
// source maps (core/cli/source-places.ts).
import { copyFileSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { rolldown } from "rolldown";

const dist = resolve("dist");
/** As deep below the package as core/cli, where paths are relative to. */
const target = join(dist, "start", "chunks");
const at = (name) => join(dist, name);

/** What Node starts by its address: these run when they are loaded, so nothing else may lie in their chunks. */
const entries = {
  main: at("core/cli/main.js"),
  "thread-entry": at("core/cli/thread-entry.js"),
  "command-entry": at("core/cli/command-entry.js"),
  "look-entry": at("core/cli/look-entry.js"),
  "crew-entry": at("core/workers/crew-entry.js"),
  "strip-task": at("core/storage/formats/tiff/strip-task.js"),
};
const isCommander = (id) => /^commander$|[/\\]node_modules[/\\]commander[/\\]/.test(id);

const asks = ["command-line", "verb-syntax", "run-command"].map((name) => at(`core/cli/${name}.js`));
const runs = [
  ...["core/cli/run-stages.js", "core/cli/execute-run.js", "core/pipeline/run-pipeline.js", "commands/run.js"],
  ...["acquire", "track", "archive"].map((name) => `commands/${name}.js`),
].map(at);
const looks = [
  ...["commands/inspect.js", "core/storage/inspect/inspect-file.js", "core/storage/inspect/images.js"],
  ...["core/storage/inspect/lines.js", "core/storage/inspect/ending.js"],
  ...["core/storage/read/image-formats.js", "core/storage/formats/tiff/read.js"],
  // Asked of every name: may it stand for the parts of a recording?
  "core/storage/formats/h5/segment-names.js",
].map(at);

/** The modules that these load before they run, themselves included. */
function reach(files) {
  const reached = new Set();
  const waiting = [...files];
  for (let file = waiting.pop(); file; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const [, from, alone] of readFileSync(file, "utf8").matchAll(
      /^(?:(?:import|export)\b[^;]*?\bfrom\s*"(\.[^"]+)"|import "(\.[^"]+)")/gm,
    )) {
      waiting.push(resolve(dirname(file), from ?? alone));
    }
  }
  return reached;
}

/** A module that waits while it loads for others, which may need its chunk, has one of its own; so have those that need it. */
function waits(file) {
  return [...reach([file])].some((one) => /^(?:(?:export )?const .* = )?await /m.test(readFileSync(one, "utf8")));
}

const isEntry = new Set(Object.values(entries));
const joined = (files) => new Set([...reach(files)].filter((file) => !isEntry.has(file) && !waits(file)));
const always = joined([entries.main]);
const running = joined([entries["thread-entry"], entries["command-entry"], ...runs]);
const looking = joined(looks);
const asking = joined(asks);

rmSync(dirname(target), { recursive: true, force: true });
const bundle = await rolldown({
  input: entries,
  platform: "node",
  external: (id) => !id.startsWith(".") && !id.startsWith(dist) && !isCommander(id),
  checks: { ineffectiveDynamicImport: false },
});
await bundle.write({
  dir: target,
  format: "esm",
  sourcemap: true,
  comments: { legal: true, annotation: false, jsdoc: false },
  hashCharacters: "hex",
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  codeSplitting: {
    groups: [
      { name: "always", test: (id) => always.has(id), priority: 3 },
      { name: "common", test: (id) => looking.has(id) && running.has(id), priority: 2 },
      { name: "asking", test: (id) => asking.has(id) || isCommander(id), priority: 1 },
      { name: "running", test: (id) => running.has(id) },
      { name: "looking", test: (id) => looking.has(id) },
    ],
  },
});
await bundle.close();
copyFileSync(at("core/kernels/kernels.wasm"), join(target, "kernels.wasm"));
copyFileSync(join("node_modules", "commander", "LICENSE"), join(target, "commander.LICENSE"));
