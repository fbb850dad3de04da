import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

/** Who may import whom (docs/architecture.md): a folder may import from its own layer's row and every row above it. */
const layers: readonly (readonly string[])[] = [
  [
    "core/error-codes.ts",
    "core/errors.ts",
    "core/system-error.ts",
    "core/units.ts",
    "core/time.ts",
    "core/printable.ts",
    "core/budget.ts",
    "core/held.ts",
    "core/format-problem.ts",
    "core/decoding.ts",
    "core/out-of-memory.ts",
    "core/model",
    "webassembly.d.ts",
  ],
  ["core/option", "core/memory"],
  ["core/kernels"],
  ["core/imaging", "core/tracking", "core/calibration", "core/analysis", "core/codecs"],
  ["core/stream", "core/storage", "core/devices", "core/cameras", "core/bridge", "core/workers"],
  ["core/pipeline"],
  ["core/control"],
  ["commands"],
  ["core/cli"],
];

/** Packages that only one place may know. */
const owners: Readonly<Record<string, readonly string[]>> = {
  commander: ["core/cli"],
  ink: ["core/cli"],
  "cli-progress": ["core/cli"],
  h5wasm: ["core/storage/formats/h5"],
  "h5wasm-plugins": ["core/storage/formats/h5"],
  "@foxglove/wasm-zstd": ["core/codecs"],
  "@cornerstonejs/codec-libjxl/encodewasmjs": ["core/codecs/jxl"],
  "@cornerstonejs/codec-libjxl/decodewasmjs": ["core/codecs/jxl"],
  "numcodecs/blosc": ["core/codecs/blosc"],
  "apache-arrow": ["core/storage/formats/arrow"],
  hyparquet: ["core/storage/formats/parquet"],
  "hyparquet-compressors": ["core/storage/formats/parquet"],
};

/** Layers whose modules have no effects. */
const pure = [
  "core/error-codes.ts",
  "core/errors.ts",
  "core/system-error.ts",
  "core/units.ts",
  "core/budget.ts",
  "core/held.ts",
  "core/format-problem.ts",
  "core/decoding.ts",
  "core/out-of-memory.ts",
  "core/model",
  "core/option",
  "core/imaging",
  "core/tracking",
  "core/pipeline",
  "commands",
];

const src = resolve("src");

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "assembly" ? [] : sourceFiles(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

const files = sourceFiles(src).map((path) => ({ name: relative(src, path), text: readFileSync(path, "utf8") }));

const imports: Import[] = files.flatMap(({ name, text }) =>
  [
    ...text.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)|^import\s+"([^"]+)"/gm),
  ].map((match) => {
    const to = match[2] ?? match[3] ?? match[4]!;
    return {
      from: name,
      to: to.startsWith(".") ? relative(src, resolve(src, dirname(name), to)).replace(/\.js$/, ".ts") : to,
      isType: match[1] !== undefined,
    };
  }),
);

function isIn(name: string, place: string): boolean {
  return name === place || name.startsWith(`${place}/`);
}

function layerOf(name: string): number {
  return layers.findIndex((row) => row.some((place) => isIn(name, place)));
}

test("every module has a place in the table of layers", () => {
  expect(files.map(({ name }) => name).filter((name) => layerOf(name) < 0)).toEqual([]);
});

test("imports run one way: only from the same layer or one above", () => {
  const upward = imports.filter(({ from, to }) => layerOf(to) > layerOf(from));
  expect(upward.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

/** The format whose folder a module is in. */
const room = (name: string) => /^core\/storage\/formats\/([^/]+)\//.exec(name)?.[1];

test("nothing above the registry imports a format", () => {
  const knowing = imports.filter(
    ({ from, to }) => room(to) !== undefined && room(from) === undefined && from !== "core/storage/formats/registry.ts",
  );
  expect(knowing.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test("a format imports no other format, and nothing that knows all of them", () => {
  const all =
    /^core\/storage\/(container-for|archive-formats|archive\/format-choices|inspect\/(images|inspect-file)|read\/image-formats|formats\/registry)\.ts$/;
  const strangers = imports.filter(({ from, to }) => {
    const own = room(from);
    return own !== undefined && (all.test(to) || (room(to) !== undefined && room(to) !== own));
  });
  expect(strangers.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test("a camera imports no other camera, and acquire none at all", () => {
  const room = (name: string) => /^core\/cameras\/([^/]+)\//.exec(name)?.[1];
  const strangers = imports.filter(({ from, to }) => {
    if (room(to) === undefined) return to === "core/cameras/registry.ts" && room(from) !== undefined;
    return room(from) !== room(to) && from !== "core/cameras/registry.ts";
  });
  expect(strangers.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test("commander, the progress bar and h5wasm are known in one place each", () => {
  const strangers = imports.filter(({ from, to }) => owners[to] && !owners[to]!.some((place) => isIn(from, place)));
  expect(strangers.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test("no library that is slow to load is imported at the top of a module", () => {
  const heavy =
    /^(import|export)\s(?!type)[^;]*from "(h5wasm|h5wasm-plugins|apache-arrow|hyparquet|hyparquet-compressors|cli-progress|ink|numcodecs.*|@foxglove\/.*|@cornerstonejs\/.*|@grpc\/.*)"/m;
  const eager = files.filter(({ name, text }) => heavy.test(text) && !name.startsWith("core/storage/formats/h5/"));
  expect(eager.map(({ name }) => name)).toEqual([]);
});

test("plain data, algorithms, the pipeline and the stages touch no process, console or file", () => {
  const effect =
    /\bprocess\.(?!hrtime\b)[a-z]|\bconsole\.[a-z]|from "node:(fs|net|child_process|worker_threads|process|tty)/;
  const guilty = files.filter(({ name, text }) => pure.some((place) => isIn(name, place)) && effect.test(text));
  expect(guilty.map(({ name }) => name)).toEqual([]);
});

/** Who reads meaning from words, because a library or the engine has nothing else; each translates at this one place. */
const readersOfWords = [
  "core/cli/command-line.ts", // commander's complaints begin with "error: "
  "core/errors.ts", // Node's system errors end with the path, which stands in front already
  "core/out-of-memory.ts", // V8 and Emscripten have no code for memory that is not to be had
];

test("nothing is decided by the words of an error: they have codes and classes", () => {
  const words = String.raw`(?:\.(?:message|what|hint)\b|\breason\([^()]*\))`;
  const method = "(?:includes|startsWith|endsWith|match|matchAll|search|replace|replaceAll|split|slice|indexOf)";
  const deciding = new RegExp(
    [
      String.raw`${words}(?: \?\? (?:""|[\w.]+)\))?\??\.${method}\(`,
      `${words} [!=]==? (?!undefined|null)`,
      String.raw`(?<!undefined|null) [!=]==? [\w.?\[\]]*${words}`,
      String.raw`\.(?:test|exec)\([^()]*${words}`,
      String.raw`switch \([^()]*${words}`,
    ].join("|"),
  );
  for (const guilty of [
    'problem?.what === "is not a regular file"',
    '(error.problems[0]?.what ?? "").replace(/x/, "")',
    "fullWords.test(cause.message)",
    'error.message.includes("EEXIST")',
    'reason(error).startsWith("ENOSPC")',
    "before.what !== after.what",
  ])
    expect(guilty).toMatch(deciding);
  const readers = files.filter(({ text }) => deciding.test(text.replace(/\s+/g, " "))).map(({ name }) => name);
  expect(readers.sort()).toEqual(readersOfWords);
});

test("only the command line's entry exits", () => {
  const exits = files.filter(({ text }) => /process\.(exit|reallyExit|abort)\b/.test(text)).map(({ name }) => name);
  expect(exits).toEqual(["core/cli/main.ts"]);
});

/** Who takes files away or gives them names; the decoder's program works in a temporary folder that it made itself. */
const removers = ["core/storage/claim/removal.ts", "core/codecs/jxl/cjxl-encoder.ts"];

test("only the owner of names removes or renames a file, or opens one to write over what is there", () => {
  const taking = /\b(unlink|rm|rmdir|rename|link|cp|truncate)(Sync)?\b(?=[^;]*from "node:fs)|\bfs\.(unlink|rm|rename)/;
  expect(files.filter(({ text }) => taking.test(importsOfFiles(text))).map(({ name }) => name)).toEqual(
    removers.sort(),
  );
  const opensOver = /openSync\([^;]*"w\+?"|createWriteStream\(|writeFileSync\(/;
  expect(files.filter(({ text }) => opensOver.test(text)).map(({ name }) => name)).toEqual(writersOver);
});

/** Who opens a file for writing without asking that it be new, and what: */
const writersOver = [
  // a picture for cjxl in a temporary folder of its own
  "core/codecs/jxl/cjxl-encoder.ts",
  // the words in a lock that it has
  "core/storage/claim/lock.ts",
  // a chunk of a column, and metadata, in the folder of a store that it made
  "core/storage/formats/zarr/column-table.ts",
  "core/storage/formats/zarr/image-array.ts",
  "core/storage/whole-file.ts",
  // a named pipe or a device
];

function importsOfFiles(text: string): string {
  return (text.match(/^import[^;]*from "node:fs(\/promises)?";/gm) ?? []).join("\n");
}

test("no file is a drawer: no utils, helpers, common, manager or base, none over 400 lines", () => {
  expect(
    files.map(({ name }) => name).filter((name) => /(util|helper|common|manager|base|misc)s?[./-]/i.test(name)),
  ).toEqual([]);
  expect(files.filter(({ text }) => text.split("\n").length > 400).map(({ name }) => name)).toEqual([]);
});

/** Every file of the tests, whatever its language. */
const testFiles = readdirSync("test", { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((name) => name !== "test/architecture.test.ts")
  .map((name) => ({ name, text: readFileSync(name, "utf8") }));

/** Names of the test files, but the allowed ones, in which `pattern` is found. */
function testsWith(pattern: RegExp, allowed: readonly string[]): string[] {
  return testFiles.filter(({ name, text }) => !allowed.includes(name) && pattern.test(text)).map(({ name }) => name);
}

test("what computes speaks of its parameters, not of a command line's options", () => {
  const rooms = /^core\/(tracking|imaging|codecs|kernels|memory|model)\//;
  // In a sentence: what is handed to another program stands in quotes of its own.
  const isSaid = /["'`](?:[^"'`\n]*[ (])?--[a-z][a-z-]* |["'`][^"'`\n]*[ (]--[a-z]/;
  const speaking = files.filter(({ name, text }) => rooms.test(name) && isSaid.test(withoutComments(text)));
  expect(speaking.map(({ name }) => name)).toEqual([]);
});

test("one module makes values of JSON text, under a budget of depth", () => {
  const parsers = files.filter(({ text }) => /\bJSON\.parse\b/.test(withoutComments(text))).map(({ name }) => name);
  expect(parsers).toEqual(["core/model/json.ts"]);
});

/** Who reads a file to its end however long it is: what the system or a program of our own made. */
const readersOfAll = [
  "core/cli/source-places.ts",
  "core/codecs/jxl/cjxl-encoder.ts",
  "core/codecs/jxl/jxl-codec.ts",
  "core/kernels/load-kernels.ts",
  "core/storage/claim/writer.ts",
  "core/stream/listen.ts",
  "core/workers/stuck-thread.ts",
  "core/workers/thread-room.ts",
];

test("files that somebody else made are read under a budget", () => {
  expect(files.filter(({ text }) => /\breadFileSync\(|\breadFile\(/.test(text)).map(({ name }) => name)).toEqual(
    readersOfAll,
  );
});

test("tests draw from seeded generators: of test/seed.ts, of the simulated camera, or of numpy with a seed given", () => {
  const unseeded =
    /Math\.random|crypto\.(random|getRandom)|randomBytes|randomInt|randomUUID|\$RANDOM|\bRANDOM\b|default_rng\(\)|\bnp\.random\.(?!default_rng)|^import random/m;
  expect(testsWith(unseeded, ["test/begin-run.ts"])).toEqual([]);
  // The first compares a run's stamps with the clock, the second sets it, the third needs a folder named after today.
  const clock = ["test/faults/clock.test.ts", "test/faults/jumping-clock.mjs", "test/core/archive.test.ts"];
  expect(testsWith(/Date\.now\(|new Date\(\)|time\.time\(/, clock)).toEqual([]);
});

test("tests wait for conditions: `until` of test/until.ts, `wait-for` in a shell line", () => {
  const sleep = /\b(setTimeout|setInterval)\(|timers\/promises|\bsleep\(|\bsleep \$?["{]*[\d.$]|Atomics\.wait\(/;
  // The last one is woken as soon as a thread has begun.
  const waits = ["test/until.ts", "test/e2e/wait-for.sh", "test/core/workers/crew.test.ts"];
  // Stages and programs whose slowness is what the test is about.
  const slow = [
    "test/core/pipeline/scripted-stages.mjs",
    "test/core/storage/lock-racer.mjs",
    "test/core/workers/counting-task.mjs",
    "test/e2e/slowly.mjs",
    "test/faults/failing-stages.mjs",
    "test/faults/holding-stage.mjs",
    "test/e2e/spill.test.ts",
    // Watches over inputs that may hang.
    "test/fuzz/child.mjs",
    "test/fuzz/fuzz.mjs",
  ];
  expect(testsWith(sleep, [...waits, ...slow])).toEqual([]);
});

test("the clocks are read in one module, and only shared memory sees what an instant is made of", () => {
  const clock = /\bDate\.now\b|\bperformance\.|\bhrtime\b|\bnew Date\(\)/;
  const readers = files.filter(({ text }) => clock.test(withoutComments(text))).map(({ name }) => name);
  expect(readers).toEqual(["core/time.ts"]);
  const openers = files.filter(({ text }) => /\b(to|from)Memory\b[^;]*from "[./]*\/time\.js"/.test(text));
  expect([...new Set(openers.map(({ name }) => dirname(name)))]).toEqual(["core/memory"]);
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
}
