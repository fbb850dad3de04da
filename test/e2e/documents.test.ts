/** What the documents promise: the reference is that of the declarations, other readers read. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadStage, loadVerb, stageNames, verbNames } from "../../src/commands/index.js";
import { codeReferenceText, findingReferenceText } from "../../src/core/cli/code-reference.js";
import { referenceText } from "../../src/core/cli/reference.js";
import { optionsOf } from "../../src/core/pipeline/negotiate.js";
import { pythonReads } from "./python-reads.js";
import { environment, openShell, root } from "./shell.js";

const verbs = await Promise.all(verbNames.map(async (name) => (await loadVerb(name))!));
const declarations = verbs.map((verb) => (verb.kind === "stage" ? verb.stage : verb.command));

test("every verb has an example, a summary that is a sentence, and options that are explained in sentences", () => {
  for (const { name, summary, examples, options } of declarations) {
    expect(examples.length, name).toBeGreaterThan(0);
    expect(summary, name).toMatch(/^[A-Z].*\.$/);
    for (const [option, spec] of Object.entries(options)) expect(spec.doc, `${name} ${option}`).toMatch(/[.]$/);
  }
});

test("every default is a value its own option accepts, and no option begins with no", () => {
  for (const { name, options } of declarations) {
    for (const [option, spec] of Object.entries(options)) {
      if (spec.default !== undefined) expect(spec.decode(spec.default), `${name} ${option}`).toHaveProperty("value");
      expect(option).not.toMatch(/^no[A-Z]/);
    }
  }
});

test("the page of errors lists the codes that there are, of findings too (npm run reference)", () => {
  const page = readFileSync("docs/errors.md", "utf8");
  expect(page).toContain(codeReferenceText());
  expect(page).toContain(findingReferenceText());
});

test("the README's reference is that of the declarations (npm run reference)", async () => {
  expect(readFileSync("README.md", "utf8")).toContain(await referenceText());
});

test("the schema of run files knows every option of every stage, and nothing else", async () => {
  const { out } = await openShell("schema").mote("schema");
  const stages = JSON.parse(out).properties.stages.items.oneOf as { properties: Record<string, unknown> }[];
  for (const [i, name] of stageNames.entries()) {
    const stage = (await loadStage(name))!;
    const ofPlace = stage.role === "source" ? ["stage", "tag"] : ["stage", "tag", "from", "link"];
    const known = new Set([...Object.keys(optionsOf(stage)), ...ofPlace]);
    expect(Object.keys(stages[i]!.properties).sort()).toEqual([...known].sort());
  }
});

test.each(["beads", "gap", "tracked"])(
  "the golden recording %s.mote reads as it did when it was made",
  async (name) => {
    const shell = openShell("golden");
    const { out } = await shell.mote(["inspect", join(root, "fixtures", `${name}.mote`), "--json"]);
    const facts = JSON.parse(out);
    const golden = readFileSync(join(root, "fixtures", `${name}.python.txt`), "utf8")
      .trim()
      .split("\n");
    expect(facts.fault).toBeNull();
    expect(facts.frames).toBe(golden.filter((line) => line.startsWith("frame ")).length);
    expect(facts.detections).toBe(
      golden.reduce((sum, line) => sum + Number(/^detections of frame \d+ rows (\d+)/.exec(line)?.[1] ?? 0), 0),
    );
    expect(facts.descriptor).toEqual(JSON.parse(golden[0]!.replace("descriptor ", "")));
  },
);

const hasPython = (await openShell("python").run("python3 -c pass")).code === 0;
test.skipIf(!hasPython)("the Python reader prints golden and fresh streams (skipped: needs python3)", () =>
  pythonReads("python3"),
);
test("the README's first five minutes write no file twice", () => {
  const lines = /## In five minutes\n([\s\S]*?)\n## /.exec(readFileSync("README.md", "utf8"))![1]!;
  const written = [...lines.matchAll(/--(?:out|output) (\S+)/g)].map(([, name]) => name);
  expect(written.length).toBeGreaterThan(5);
  expect(written.filter((name, i) => written.indexOf(name) !== i)).toEqual([]);
});

test("the Python reader is under 80 lines", () => {
  expect(readFileSync("docs/frame-stream/mote_stream.py", "utf8").trim().split("\n").length).toBeLessThan(80);
});

/** What a command line loads: everything by its address, and the modules that were joined into the chunks among it. */
async function loadedBy(words: string): Promise<{ urls: string; sources: string[] }> {
  const shell = openShell("lazy");
  const hook =
    "data:text/javascript,export async function resolve(s,c,n){const r=await n(s,c);process._rawDebug(r.url);return r}";
  const register = `data:text/javascript,import{register}from"node:module";register(${JSON.stringify(hook)})`;
  const { err, code } = await shell.run(`node --import '${register}' ${join(root, "bin/mote.js")} ${words}`);
  expect(code).toBe(0);
  expect(err).toContain("dist/start/chunks/main.js");
  const chunks = new Set(err.match(/(?<=file:\/\/)\S+\/start\/chunks\/\S+\.js/g));
  // A chunk without a map has no code of its own.
  const maps = [...chunks].map((chunk) => `${chunk}.map`).filter((map) => existsSync(map));
  const sources = maps.flatMap((map) => JSON.parse(readFileSync(map, "utf8")).sources as string[]);
  expect(sources.some((source) => source.includes("core/cli/"))).toBe(true);
  return { urls: err, sources };
}

test("mote --help loads no library it does not need", async () => {
  const { urls, sources } = await loadedBy("--help");
  expect(urls).not.toMatch(/h5wasm|cli-progress|\/ink\/|fast-png|zstd|grpc/);
  expect(urls).not.toMatch(/node:(crypto|zlib|os)/);
  expect(sources.filter((source) => /core\/(storage|stream|pipeline|memory)\//.test(source))).toEqual([]);
  expect(environment.PATH).toBeDefined();
});

test("mote inspect of a TIFF loads nothing that a run needs, and no library", async () => {
  const { urls, sources } = await loadedBy(`inspect ${join(root, "fixtures/images/big-uint16.tif")}`);
  expect(urls).not.toContain("/node_modules/");
  expect(sources.some((source) => source.includes("core/imaging/tiff/"))).toBe(true);
  const ofRuns = sources.filter((source) => /core\/(stream|memory|cameras|tracking|pipeline)\//.test(source));
  // What declares a command, and how long the options of a run may be.
  expect(ofRuns.sort()).toEqual(["../../core/memory/mailbox.js", "../../core/pipeline/command.js"]);
});
