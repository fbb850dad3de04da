import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { askJudge, hasJudge } from "../core/storage/judge.js";
import { askTifffile, hasTiffJudge } from "../core/storage/tiff-judge.js";
import { canMountSmallDisk } from "../judges.js";
import { until } from "../until.js";
import { openShell, type Shell } from "./shell.js";

// Every test starts several programs one after the other.
vi.setConfig({ testTimeout: 120_000 });

const needsDisk = canMountSmallDisk ? "" : " (skipped: needs the right to mount a tmpfs)";
const source = "acquire --camera sim --frames 400 --size 256x256 --seed 5";
const tracked = `run --json ${source} then track --diameter 11 --search-range 5 then`;
const files = ["run.h5", "run.mote", "run.tif", "run.csv"];
const outs = files.map((name) => `--out disk/${name}`).join(" ");

interface Report {
  losses: string[];
  isComplete: boolean;
  stages: { in: number; out: number; dropped: Record<string, number>; summary: { files?: Written[] } }[];
}
interface Written {
  path: string;
  frames: number;
  rows: number;
  notStored?: number;
}

/** The last line of a run's JSON, and what it was told meanwhile. */
function read(err: string): { report: Report; messages: string; files: Written[]; dropped: Record<string, number> } {
  const lines = err.split("\n").map((line) => JSON.parse(line) as { kind: string; text?: string } & Report);
  const report = lines.find(({ kind }) => kind === "report")!;
  const messages = lines.flatMap(({ text }) => text ?? []).join("\n");
  const sink = report.stages.at(-1)!;
  return { report, messages, files: sink.summary.files ?? [], dropped: sink.dropped };
}

const lengths = `f = h5py.File(path)
print(json.dumps([len(f["images/frame_number"]), int(f["tracks/frame"][-1]) + 1, int(f["metadata"].attrs["is_complete"])]))`;
const pages = `print(json.dumps([len(tifffile.TiffFile(p).pages) for p in paths]))`;

describe.skipIf(!canMountSmallDisk)(`a small disk${needsDisk}`, () => {
  let shell: Shell;
  let disk: string;
  beforeEach(() => {
    shell = openShell("disk");
    disk = join(shell.folder, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
  });
  afterEach(() => {
    execFileSync("umount", [disk]);
    rmSync(shell.folder, { recursive: true });
  });

  function tableFrames(): number {
    const lines = readFileSync(join(disk, "run.csv"), "utf8").trimEnd().split("\n");
    return Number(lines.at(-1)!.split(",")[0]) + 1;
  }

  test("below --min-free it refuses to begin, and says how to go on", async () => {
    const { code, err } = await shell.run(`mote ${tracked} archive ${outs}`);
    expect(code).toBe(2);
    expect(err).toContain("less than --min-free 1.0 GB");
    expect(err).toContain("or --min-free 1MB to fill this one further");
    expect(readdirSync(disk)).toEqual([]);
  });

  test("stop ends the run at --min-free: every file is closed, of the same frames, and the rest is counted", async () => {
    const { code, err } = await shell.run(`mote ${tracked} archive ${outs} --min-free 1MB`);
    const { report, messages, files: written, dropped } = read(err);
    expect(code).toBe(3);
    const { frames } = written[0]!;
    expect(frames).toBeGreaterThan(3);
    expect(messages).toContain(`the run ends at frame ${frames}, ${frames} frames stored`);
    expect(report.losses).toEqual([`archive: ${dropped["disk full"]} frames lost (disk full)`]);
    expect(report.stages.at(-1)!.in).toBe(frames + dropped["disk full"]!);
    for (const file of written) expect(file).toMatchObject({ frames, notStored: dropped["disk full"] });
    expect(tableFrames()).toBe(frames);
    const inspected = await shell.run("mote inspect disk/run.mote --json");
    expect(JSON.parse(inspected.out)).toMatchObject({ frames, fault: null, end: { notStored: dropped["disk full"] } });
    if (hasJudge) expect(askJudge(join(disk, "run.h5"), lengths)).toEqual([frames, frames, 0]);
    if (hasTiffJudge) expect(askTifffile([join(disk, "run.tif")], pages)).toEqual([frames]);
  });

  test("stop survives the disk's own end in every container the same way", async () => {
    const { code, err } = await shell.run(`mote ${tracked} archive ${outs} --min-free 0`);
    const { messages, files: written, dropped } = read(err);
    expect(code).toBe(3);
    expect(messages).toMatch(/disk\/run\.\w+: .*(No space left|ENOSPC).*; the run ends at frame \d+/);
    expect(Object.keys(dropped)).toEqual(["disk full"]);
    const stored = new Map(written.map(({ path, frames }) => [path, frames]));
    expect(tableFrames()).toBe(stored.get("disk/run.csv"));
    if (hasJudge) expect((askJudge(join(disk, "run.h5"), lengths) as number[])[2]).toBe(0);
    if (hasTiffJudge) expect(askTifffile([join(disk, "run.tif")], pages)).toEqual([stored.get("disk/run.tif")]);
    const read_ = "archive --input disk/run.mote --allow-truncated --out copy.csv";
    expect([0, 3]).toContain((await shell.run(`mote ${read_}`)).code);
  });

  test("in a shell pipeline the process before ends in order and the archive says 3", async () => {
    const line = `mote acquire --camera sim --size 256x256 | mote archive --out disk/run.tif --min-free 1MB; echo "\${PIPESTATUS[@]}"`;
    const { out, err } = await shell.run(line);
    expect(out).toBe("0 3");
    expect(err).toMatch(/loss: archive: \d+ frames? lost \(disk full\)/);
  });

  test("tracks-only gives up the images and keeps every track, in .mote too", async () => {
    const sink = `archive ${outs} --on-full tracks-only --min-free 3MB`;
    const { code, err } = await shell.run(`mote ${tracked.replace("400", "40")} ${sink}`);
    const { messages, report, files: written, dropped } = read(err);
    expect(code).toBe(3);
    expect(report.isComplete).toBe(true);
    const missing = dropped["image not stored: disk full"]!;
    expect(Object.keys(dropped)).toEqual(["image not stored: disk full"]);
    expect(missing).toBeGreaterThan(3);
    const [, mote, tif, csv] = written;
    expect([mote!.frames, tif!.frames, csv!.frames]).toEqual([40 - missing, 40 - missing, 40]);
    expect(mote!.rows).toBe(csv!.rows);
    expect(messages).toContain(`disk/run.tif: the disk has`);
    expect(messages).toContain(`nothing more from frame ${40 - missing} on`);
    if (hasTiffJudge) expect(askTifffile([join(disk, "run.tif")], pages)).toEqual([40 - missing]);

    const told = JSON.parse((await shell.run("mote inspect disk/run.mote --json")).out);
    expect(told).toMatchObject({
      frames: 40 - missing,
      framesWithoutPixels: missing,
      detections: csv!.rows,
      fault: null,
      end: { notStored: missing },
      events: [{ event: "drop", firstFrame: 40 - missing, count: missing, reason: "image not stored" }],
    });
    const copied = await shell.run("mote archive --input disk/run.mote --detections-only --out copy.csv");
    expect(copied.code).toBe(0);
    expect(readFileSync(join(shell.folder, "copy.csv"), "utf8")).toBe(readFileSync(join(disk, "run.csv"), "utf8"));
    const verified = await shell.run("mote verify disk/run.mote");
    expect(verified.code).toBe(3);
    expect(verified.out).toContain(`${missing} frames that came could not be stored`);
    expect(verified.out).toContain(`${missing} frames with detections only: their pixels were not stored`);
    const whole = await shell.run("mote run acquire disk/run.mote then archive --out copy.tif");
    expect(whole.err).toContain(`${40 - missing} frames`);
    const relayed = await shell.run("mote archive --input disk/run.mote --out whole.csv");
    expect(relayed.err).toContain(`left out the detections of ${missing} frames without pixels`);
  });

  test("tracks-only goes on until the tracks do not fit either", async () => {
    const { code, err } = await shell.run(`mote ${tracked} archive ${outs} --on-full tracks-only --min-free 1MB`);
    const { messages, dropped, report } = read(err);
    expect([code, report.isComplete]).toEqual([3, false]);
    expect(Object.keys(dropped).sort()).toEqual(["disk full", "image not stored: disk full"]);
    expect(messages).toMatch(/disk\/run.csv: writing after frame \d+ failed: ENOSPC.*; the run ends at frame \d+/);
    expect(readFileSync(join(disk, "run.csv"), "utf8").endsWith("\n")).toBe(true);
  });

  for (const [minFree, names] of [
    ["1MB", ["run.tif", "run.csv", "run.h5"]],
    ["0", ["run.tif", "run.mote", "run.csv"]],
  ] as const) {
    test(`pause waits for room with --min-free ${minFree}, and then nothing is lost`, async () => {
      const ballast = join(disk, "ballast");
      writeFileSync(ballast, new Uint8Array(6.5e6));
      const given = names.map((name) => `--out disk/${name}`).join(" ");
      const sink = `archive ${given} --on-full pause --min-free ${minFree}`;
      const running = shell.run(`mote ${tracked.replace("400", "12")} ${sink} 2>told`);
      const told = () => readFileSync(join(shell.folder, "told"), { encoding: "utf8", flag: "a+" });
      await until(() => told().includes('"diskFullInS":0,'), { what: "the run to wait for room" });
      rmSync(ballast);
      const { code } = await running;
      const { messages, files: written } = read(told().trimEnd());
      expect(code).toBe(0);
      for (const file of written) expect(file.frames).toBe(12);
      expect(messages.match(/waiting until/g)?.length).toBe(1);
      expect(messages.match(/there is room again/g)?.length).toBe(1);
    });
  }

  test("Ctrl-C ends a run that waits for room, with what it has", async () => {
    writeFileSync(join(disk, "ballast"), new Uint8Array(6.5e6));
    const sink = "archive --out disk/run.tif --on-full pause --min-free 1MB";
    const line = `mote ${tracked} ${sink} 2>told & pid=$!
wait-for "the run to wait for room" "grep waiting told"
kill -INT $pid; wait $pid; echo $?`;
    const { out } = await shell.run(line);
    const { files: written, dropped } = read(readFileSync(join(shell.folder, "told"), "utf8").trimEnd());
    expect(out).toBe("3");
    expect(dropped["disk full"]).toBeGreaterThan(0);
    if (hasTiffJudge) expect(askTifffile([join(disk, "run.tif")], pages)).toEqual([written[0]!.frames]);
    expect(statSync(join(disk, "run.tif")).size).toBeGreaterThan(written[0]!.frames * 256 * 256 * 2);
  });
});
