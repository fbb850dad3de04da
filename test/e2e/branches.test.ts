/**
 * A run with branches, through the command line: what each branch leaves on the disk is what a run of that branch alone leaves,
 * and what cannot be a run is refused before anything is opened.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eachFrame } from "../core/storage/each-frame.js";
import { pixelsOfFolder, rowsOf } from "../faults/stored.js";
import { openShell, type Shell } from "./shell.js";

let shell: Shell;
beforeAll(() => {
  shell = openShell("branches");
});
afterAll(() => rmSync(shell.folder, { recursive: true, force: true }));

const camera = "acquire --camera sim --size 96x80 --beads 7 --bit-depth 12 --seed 5 --frames 40";
const coarse = "track --diameter 9 --minmass 300 --search-range 5";
const fine = "track --diameter 7 --minmass 100 --search-range 5 --memory 2";
const tables = ["csv", "parquet", "arrow", "arrows", "ndjson"];
const endings = [...tables, "mote", "h5", "tif", "ome.tif", "ome.zarr"];
/** Of a folder with a file for each frame. */
const images = "images/";
/** Frames that the camera of the equal runs loses, and those that come. */
const [gap, came] = [{ event: "gap", firstFrame: 17, count: 2 }, 38];
/** The same bytes in every run; the others say when and by what they were made. */
const sameBytes = ["csv", "parquet", "tif"];

/** Every container into a folder of its own. */
function archiveInto(folder: string): string {
  mkdirSync(join(shell.folder, folder));
  const outs = [images, ...endings.map((ending) => `run.${ending}`)];
  return `archive ${outs.map((name) => `--out ${folder}/${name}`).join(" ")} --min-free 0`;
}

async function done(line: string) {
  const ran = await shell.mote(line);
  expect([line, ran.code, ran.err.includes("loss:")], ran.err).toEqual([line, 0, false]);
  return ran;
}

/** The same of a run whose camera loses frames, which each of its sinks tells. */
async function doneWithGap(line: string): Promise<void> {
  const { code, err } = await shell.mote(line);
  expect([line, code], err).toEqual([line, 3]);
  expect(err).toMatch(new RegExp(`^loss: acquire: ${gap.count} frames lost \\(device gap\\)$`, "m"));
}

/** What a container of frames holds: each frame's number and pixels, every row of its tracks, and what it tells of the run. */
async function contentOf(path: string): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for await (const { number, pixels } of eachFrame(path)) found.push([number, crc32(new Uint8Array(pixels.buffer))]);
  if (/\.(h5|mote|ome\.zarr)$/.test(path)) found.push(await aroundFrames(path));
  return found;
}

/** Of an archive of frames, its tracks, as a table that is made of it (null of one without), its events, and how many frames are not in it. */
async function aroundFrames(
  path: string,
): Promise<readonly [tracks: string | null, events: unknown[], missing: number]> {
  const [stream, table] = ["again.mote", "again.csv"].map((name) => join(shell.folder, name)) as [string, string];
  const recovered = path.endsWith(".mote") ? path : stream;
  if (recovered === stream) {
    rmSync(stream, { force: true });
    const { code, err } = await shell.mote(["recover", path, "--out", stream]);
    expect([path, code], err).toEqual([path, 0]);
  }
  const { descriptor, events, missingFrames } = JSON.parse((await shell.mote(["inspect", recovered, "--json"])).out);
  if (!descriptor.detections) return [null, events, missingFrames];
  const words = ["archive", "--input", recovered, "--detections-only", "--out", table, "--force", "--min-free", "0"];
  const { code, err } = await shell.mote(words);
  expect([path, [0, 3].includes(code)], err).toEqual([path, true]);
  return [readFileSync(table, "utf8"), events, missingFrames];
}

async function expectSame(a: string, b: string): Promise<void> {
  const bytesOf = (folder: string, ending: string) => readFileSync(join(shell.folder, folder, `run.${ending}`));
  for (const ending of sameBytes) {
    expect([a, ending, bytesOf(a, ending).equals(bytesOf(b, ending))]).toEqual([a, ending, true]);
  }
  for (const ending of endings) {
    if (sameBytes.includes(ending)) continue;
    if (tables.includes(ending)) {
      const [found, expected] = await Promise.all(
        [a, b].map((folder) => rowsOf(join(shell.folder, folder, `run.${ending}`))),
      );
      expect([a, ending, found]).toEqual([a, ending, expected]);
      expect(expected!.size).toBe(came);
      continue;
    }
    // One after the other: they use the same names on the way.
    const found = await contentOf(join(shell.folder, a, `run.${ending}`));
    const expected = await contentOf(join(shell.folder, b, `run.${ending}`));
    expect([a, ending, found]).toEqual([a, ending, expected]);
    expect(expected.length).toBeGreaterThanOrEqual(came);
  }
  const [found, expected] = await Promise.all(
    [a, b].map((folder) => pixelsOfFolder(join(shell.folder, folder, images), ".tif")),
  );
  expect([a, images, found]).toEqual([a, images, expected]);
  expect(expected!.size).toBe(came);
  for (const folder of [a, b]) {
    const { code, out } = await shell.mote([
      "verify",
      ...[images, ...endings.map((ending) => `run.${ending}`)].map((name) => `${folder}/${name}`),
    ]);
    expect([folder, code], out).toEqual([folder, 0]);
  }
}

test("every container of every branch is that of the branch run alone: two trackers, and two sinks behind one of them", {
  timeout: 600_000,
}, async () => {
  const [a, b, c] = ["both-a", "both-b", "both-c"].map(archiveInto) as [string, string, string];
  const losing = `${camera} --fault drop@${gap.firstFrame}-${gap.firstFrame + gap.count - 1}`;
  const branches = `${losing} then ${coarse} then ${a} from acquire then ${fine} then ${b} from track then ${c}`;
  await doneWithGap(`run ${branches} from acquire then compress --out both-jxl`);
  await doneWithGap(`run ${losing} then ${coarse} then ${archiveInto("alone-a")}`);
  await doneWithGap(`run ${losing} then ${fine} then ${archiveInto("alone-b")}`);
  await doneWithGap(`run ${losing} then compress --out alone-jxl`);
  await expectSame("both-a", "alone-a");
  await expectSame("both-b", "alone-b");
  await expectSame("both-c", "alone-a");
  const [, events, missing] = await aroundFrames(join(shell.folder, "both-a/run.mote"));
  expect([events, missing]).toEqual([[expect.objectContaining(gap)], gap.count]);
  const jxls = (folder: string) =>
    readdirSync(join(shell.folder, folder))
      .filter((name) => name.endsWith(".jxl"))
      .map((name) => [name, readFileSync(join(shell.folder, folder, name), "base64")]);
  expect(jxls("both-jxl")).toEqual(jxls("alone-jxl"));
  expect(jxls("alone-jxl")).toHaveLength(came);
});

test.each([
  ["csv", "csv"],
  ["ndjson", "ndjson"],
  ["arrow", "arrows"],
])(
  "a branch to stdout, as %s, is what the branch alone writes there, and disturbs no other",
  async (format, ending) => {
    const toStdout = `then ${coarse} then archive --to ${format} --out -`;
    const toFile = (name: string) => `then archive --out ${name}.${format}.tif --min-free 0`;
    const { code, err } = await shell.run(
      `mote run ${camera} ${toStdout} from acquire ${toFile("beside")} > both.${ending} &&
    mote run ${camera} ${toStdout} > alone.${ending} && mote run ${camera} ${toFile("alone")}`,
    );
    expect(code, err).toBe(0);
    const [found, expected] = await Promise.all(
      ["both", "alone"].map((name) => rowsOf(join(shell.folder, `${name}.${ending}`))),
    );
    expect(found).toEqual(expected);
    expect(expected!.size).toBe(40);
    const bytesOf = (name: string) => readFileSync(join(shell.folder, name));
    expect(bytesOf(`beside.${format}.tif`).equals(bytesOf(`alone.${format}.tif`))).toBe(true);
    if (format === "csv") expect(bytesOf("both.csv").equals(bytesOf("alone.csv"))).toBe(true);
  },
);

test("a report has every stage with the one that feeds it, and every link; a branch has a line of its own", async () => {
  const line = `acquire --camera sim --size 64x48 --frames 30 then ${coarse} then archive --out tree.csv --min-free 0 from acquire then archive --out tree.mote --min-free 0`;
  const { err } = await done(`run --json ${line}`);
  const report = JSON.parse(err.trim().split("\n").at(-1)!);
  expect(report.stages.map(({ stage, from }: { stage: string; from?: string }) => [stage, from])).toEqual([
    ["acquire", undefined],
    ["track", "acquire"],
    ["archive", "track"],
    ["archive-2", "acquire"],
  ]);
  expect(report.links.map(({ from, to, in: came, out }: Record<string, unknown>) => [from, to, came, out])).toEqual([
    ["acquire", "track", 30, 30],
    ["acquire", "archive-2", 30, 30],
    ["track", "archive", 30, 30],
  ]);
  const words = await done(`run ${line} --force`.replace("tree.csv", "tree.csv --force"));
  expect(words.err).toMatch(
    /^archive: 30 frames in [\s\S]*\n {2}tree\.csv .*\narchive-2: 30 frames in .*\n {2}tree\.mote /m,
  );
});

describe("a run file", () => {
  const write = (name: string, content: object) => writeFileSync(join(shell.folder, name), JSON.stringify(content));
  const source = { stage: "acquire", camera: "sim", size: "64x48", frames: 30, tag: "cam" };

  test("takes every tenth frame on a link, which loses none of the others", async () => {
    write("tenth.json", {
      version: 1,
      stages: [
        source,
        { stage: "archive", out: ["all.mote"], minFree: 0 },
        {
          stage: "archive",
          tag: "preview",
          from: "cam",
          link: { every: 10 },
          out: ["tenth.mote"],
          minFree: 0,
        },
      ],
    });
    const { err } = await done("run --json tenth.json");
    const report = JSON.parse(err.trim().split("\n").at(-1)!);
    expect([report.lost, report.losses]).toEqual([0, []]);
    const numbersIn = async (name: string) => {
      const numbers: number[] = [];
      for await (const { number } of eachFrame(join(shell.folder, name))) numbers.push(number);
      return numbers;
    };
    expect(await numbersIn("tenth.mote")).toEqual([0, 10, 20]);
    expect(await numbersIn("all.mote")).toHaveLength(30);
  });

  test.each([
    [
      "acquire x.tif then archive --out a.csv from acquire archive --out b.csv",
      "expected then behind from acquire, got archive",
    ],
    ["acquire x.tif", "then archive --out run.h5"],
  ])("%s: the message says what to write", async (line, words) => {
    const { code, err } = await shell.mote(`run ${line}`);
    expect([code, err]).toEqual([2, expect.stringContaining(words)]);
  });

  test("says which key was meant, and what a number may be", async () => {
    const archive = { stage: "archive", out: ["x.csv"] };
    write("keys.json", {
      version: 1,
      onfailure: "end-run",
      stages: [source, { ...archive, link: { polcy: "latest", every: 1e300 } }],
    });
    const { err } = await shell.mote("run keys.json");
    expect(err).toMatch(/onfailure: there is no such key\n.*Did you mean onFailure\?/);
    expect(err).toMatch(/polcy: there is no such key\n.*Did you mean policy\?/);
    expect(err).toContain("expected a whole number of 1 to 9007199254740991, got 1e+300");
  });

  test("links what comes through every third frame, as where every third was acquired", async () => {
    await done("acquire --camera sim --size 96x80 --beads 7 --seed 5 --frames 40 --output steps.mote");
    const tracked = { diameter: 9, minmass: 300, searchRange: 12, minTrackLength: 4, memory: 1 };
    write("third.json", {
      version: 1,
      stages: [
        { stage: "acquire", files: ["steps.mote"], tag: "cam" },
        { stage: "archive", out: ["whole.mote"], minFree: 0 },
        { stage: "track", from: "cam", link: { every: 3 }, ...tracked },
        { stage: "archive", tag: "third", out: ["third.csv", "third.mote"], minFree: 0 },
      ],
    });
    await done("run third.json");
    await done(
      "run acquire steps.mote --step 3 then track --diameter 9 --minmass 300 --search-range 12 --min-track-length 4 --memory 1 then archive --out step.csv --min-free 0",
    );
    const [through, stepped] = ["third.csv", "step.csv"].map((name) => readFileSync(join(shell.folder, name), "utf8"));
    expect(through).toBe(stepped);
    const [head, ...rows] = through!
      .trim()
      .split("\n")
      .map((line) => line.split(","));
    const ids = rows.map((row) => row[head!.indexOf("particle_id")]);
    expect(ids.length).toBeGreaterThan(40);
    expect(new Set(ids).size).toBeLessThan(15);
    expect((await shell.mote("inspect third.mote --json")).out).toContain('"numberStep":3');
  });

  test("is refused with all that is wrong with its shape, and where", async () => {
    write("wrong.json", {
      version: 1,
      onFailure: "whatever",
      stages: [
        source,
        { stage: "archive", tag: "cam", out: ["x.csv"] },
        { stage: "compress", from: "camera", link: { every: 0, policy: "wait", speed: 1 }, out: "jxl" },
      ],
    });
    const { code, err } = await shell.mote("run wrong.json");
    expect(code).toBe(2);
    for (const words of ["onFailure", "stages[2], link, every", "stages[2], link, policy", "stages[2], link, speed"])
      expect(err).toContain(words);
    write("wrong.json", {
      version: 1,
      stages: [
        source,
        { stage: "archive", tag: "cam", out: ["x.csv"] },
        { stage: "compress", from: "camera", out: "jxl" },
        { stage: "track", tag: "a", from: "b", diameter: 9 },
        { stage: "track", tag: "b", from: "a", diameter: 9 },
      ],
    });
    const shape = await shell.mote("run wrong.json");
    expect(shape.code).toBe(2);
    for (const words of [
      "stages[1]: the name cam",
      "stages[2]: there is no stage camera",
      "stages[3]: a, b take their frames",
    ])
      expect(shape.err).toContain(`wrong.json, ${words}`);
    expect(readdirSync(shell.folder)).not.toContain("jxl");
  });

  test("is refused when it says how frames shall come to the source", async () => {
    write("link.json", {
      version: 1,
      stages: [
        { ...source, link: { every: 2 } },
        { stage: "archive", out: ["x.mote"] },
      ],
    });
    const { code, err } = await shell.mote("run link.json");
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/link\.json, stages\[0\], link: no link leads to a source\n +Say it of the stage behind/),
    ]);
  });

  test("is refused when a link has a policy that its live source cannot bear", async () => {
    write("block.json", {
      version: 1,
      stages: [
        { ...source, fps: 100 },
        { stage: "archive", link: { policy: "block" }, out: ["x.mote"] },
      ],
    });
    const { code, err } = await shell.mote("run block.json");
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/block\.json, stages\[1\], link, policy: block is nothing for a link behind cam/),
    ]);
  });
});

test("--check tells the tree, what flows in it and its memory, and opens nothing", async () => {
  const { out } = await done(
    `run --check ${camera} then ${coarse} then archive --out never.h5 from acquire then compress --out never-jxl`,
  );
  expect(out).toContain(
    [
      "acquire: 96x80 uint16, 12 bit, 100 Hz",
      "├─ track <- block: 96x80 uint16, 12 bit, 100 Hz, detections",
      "│  └─ archive <- block: 96x80 uint16, 12 bit, 100 Hz, detections",
      "└─ compress <- block: 96x80 uint16, 12 bit, 100 Hz",
    ].join("\n"),
  );
  expect(out).toMatch(/\d+ slots of .* kB and \d+ spare, \d+ threads, .* of memory at most/);
  const found = await done(`run --json --check ${camera} then archive --out never.mote`);
  expect(JSON.parse(found.out)).toMatchObject({
    stages: [
      { stage: "acquire", from: null },
      { stage: "archive", from: "acquire" },
    ],
    links: [{ policy: "block" }],
  });
  expect(readdirSync(shell.folder).filter((name) => name.startsWith("never"))).toEqual([]);
});

interface Entry {
  readonly stage: string;
  readonly tag?: string;
  readonly from?: string;
  readonly out?: string | readonly string[];
}

/** The stages of a run file that lead to one of its sinks, as a run file of their own. */
function branchTo(stages: readonly Entry[], sink: number): readonly Entry[] {
  const branch: Entry[] = [];
  for (let at = sink; ; ) {
    const { from, ...entry } = stages[at]!;
    branch.unshift(entry);
    if (at === 0) return branch;
    at = from === undefined ? at - 1 : stages.findIndex(({ stage, tag }) => (tag ?? stage) === from);
  }
}

test.each(["track-and-compress.json", "two-trackers.json", "preview.json"])(
  "the branches of the example %s leave what each leaves alone",
  { timeout: 120_000 },
  async (name) => {
    const text = readFileSync(resolve("examples", name), "utf8");
    const { stages, ...rest } = JSON.parse(text) as { readonly stages: readonly Entry[] };
    const inFolder = async (folder: string, run: object) => {
      mkdirSync(join(shell.folder, folder));
      symlinkSync(resolve("fixtures"), join(shell.folder, folder, "fixtures"));
      writeFileSync(join(shell.folder, folder, "run.json"), JSON.stringify(run));
      const { code, err } = await shell.run("mote run run.json", { cwd: join(shell.folder, folder) });
      expect([folder, code], err).toEqual([folder, 0]);
    };
    const together = `${name}-together`;
    await inFolder(together, { ...rest, stages });
    const sinks = [...stages.keys()].filter((at) => ["archive", "compress"].includes(stages[at]!.stage));
    expect(sinks.length).toBeGreaterThan(1);
    for (const sink of sinks) {
      const alone = `${name}-alone-${sink}`;
      await inFolder(alone, { ...rest, stages: branchTo(stages, sink) });
      for (const out of [stages[sink]!.out!].flat()) {
        const [found, expected] = [together, alone].map((folder) => join(shell.folder, folder, out)) as [
          string,
          string,
        ];
        if (/\.(csv|parquet|tif)$/.test(out)) {
          expect([out, readFileSync(found).equals(readFileSync(expected))]).toEqual([out, true]);
        } else if (out.endsWith(".h5")) expect([out, await contentOf(found)]).toEqual([out, await contentOf(expected)]);
        else expect(readdirSync(found)).toEqual(readdirSync(expected));
      }
    }
  },
);

test("--ledger keeps the fate of every frame on every branch, and is in nobody's way", async () => {
  const tenth = {
    version: 1,
    stages: [
      { stage: "acquire", camera: "sim", size: "64x48", frames: 12, tag: "cam", fault: ["drop@5-6"] },
      { stage: "archive", tag: "all", out: ["kept.mote"], minFree: 0 },
      { stage: "archive", tag: "few", from: "cam", link: { every: 3 }, out: ["few.mote"], minFree: 0 },
    ],
  };
  writeFileSync(join(shell.folder, "ledger.json"), JSON.stringify(tenth));
  const { code } = await shell.mote("run --ledger fates.csv ledger.json");
  expect([0, 3]).toContain(code);
  const lines = readFileSync(join(shell.folder, "fates.csv"), "utf8").trimEnd().split("\n");
  expect(lines[0]).toBe("frame,frames,all,few");
  const frames = lines.slice(1).map((line) => line.split(",").slice(0, 3));
  const delivered = frames.filter(([, , all]) => all === "delivered").map(([frame]) => Number(frame));
  expect(delivered.length).toBeGreaterThan(5);
  expect(lines.slice(1).filter((line) => line.endsWith(",delivered,delivered"))).toHaveLength(
    Math.ceil(delivered.length / 3),
  );
  const again = await shell.mote("run --ledger fates.csv ledger.json");
  expect([again.code, again.err]).toEqual([2, expect.stringContaining("fates.csv")]);
});

test("a reader that goes away ends its branch and no other, where a failure would, and else the run, which is told", async () => {
  const line = (onFailure: string, name: string) =>
    `mote run --on-failure ${onFailure} ${camera.replace("--frames 40", "--frames 600")} then ${coarse} then archive --to csv --out - from acquire then archive --out ${name} --min-free 0 | head -n 1`;
  const alone = await shell.run(line("end-branch", "alone.mote"));
  expect(alone.code, alone.err).toBe(0);
  expect(alone.err).toMatch(/^warning: archive: the reader of stdout went away; the branch ends$/m);
  expect(alone.err).toMatch(/^archive-2: 600 frames /m);
  const together = await shell.run(line("end-run", "together.mote"));
  expect(together.err).toMatch(/^warning: archive: the reader of stdout went away; the run ends$/m);
});
