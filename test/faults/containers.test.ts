/** The fault table: every container against every fault, read afterwards by other people's programs. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { faultsIn, faultyEnvironment } from "../faulty-files.js";
import { canMountSmallDisk, python } from "../judges.js";
import { randomOfRun } from "../seed.js";
import { momentWithin, until } from "../until.js";
import {
  containers,
  difference,
  framesIn,
  hasStarted,
  judge,
  mote,
  type Recording,
  record,
  runOf,
} from "./containers.js";

const hasJudges = python !== undefined || process.env.MOTE_REQUIRE_JUDGES !== undefined;
const needsJudges = hasJudges ? "" : " (skipped: needs MOTE_PYTHON with the packages of test/judges.txt)";
const needsDisk = canMountSmallDisk ? "" : " (skipped: needs the right to mount a tmpfs)";
const kills = 20;
const atOnce = 4;

let folder: string;
let recording: Recording;
beforeAll(async () => {
  if (!hasJudges) return;
  folder = mkdtempSync(join(tmpdir(), "mote-faults-"));
  recording = await record(folder);
}, 60_000);
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** A folder of its own for each row of the table. */
function place(name: string): string {
  return mkdtempSync(join(folder, `${name}-`));
}

function onSmallDisk(size: string, work: (disk: string) => Promise<void>): Promise<void> {
  const disk = place("disk");
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", disk]);
  return work(disk).finally(() => execFileSync("umount", [disk]));
}

describe.skipIf(!hasJudges).each(containers)(`$stage --out run$ending${needsJudges}`, (container) => {
  const { ending, stage } = container;
  const nameOf = (stem: string) => (stage === "compress" ? stem : `${stem}${ending}`);

  test(`is opened by its stock reader after kill -9 at ${kills} random moments`, { timeout: 240_000 }, async () => {
    const random = randomOfRun(`kills of ${stage} ${ending}`);
    const at = place("kill");
    const paths = Array.from({ length: kills }, (_, kill) => join(at, nameOf(`run${kill}`)));
    for (let first = 0; first < kills; first += atOnce) {
      await Promise.all(
        paths.slice(first, first + atOnce).map((path) =>
          mote(runOf(recording, container, path, ["--loop", "0"]), {}, async (kill, hasEnded) => {
            await until(() => hasStarted(container, path) || hasEnded(), { what: `a frame in ${path}` });
            await momentWithin(300, random);
            kill();
          }),
        ),
      );
    }
    const found = judge(container, paths);
    expect(found.map((one) => difference(one, recording))).toEqual(found.map(() => undefined));
    // A sparse file is large before it holds anything.
    expect(found.filter((one) => framesIn(one) > 0).length).toBeGreaterThan(kills / 2);
  });

  test.skipIf(!canMountSmallDisk)(`ends in order on a full disk, exit code 3${needsDisk}`, { timeout: 60_000 }, () =>
    onSmallDisk("3m", async (disk) => {
      const path = join(disk, nameOf("run"));
      const ran = await mote(runOf(recording, container, path, ["--loop", "0"]).concat("--min-free", "0"));
      expect(ran.code, ran.err).toBe(3);
      expect(ran.err).toMatch(/disk full/);
      const [found] = judge(container, [path]);
      expect(difference(found!, recording)).toBeUndefined();
      expect(framesIn(found!)).toBeGreaterThan(10);
    }),
  );

  test("an input/output error is counted, exit code 3, and what was stored before is read", {
    timeout: 60_000,
  }, async () => {
    const at = place("eio");
    const path = join(at, nameOf("run"));
    const log = join(at, "faults.log");
    const rules = [{ call: "write", path: `${at}.*run`, from: 60, error: "EIO" }] as const;
    const ran = await mote(runOf(recording, container, path, ["--loop", "40"]), faultyEnvironment(rules, log));
    expect(faultsIn(log).length).toBeGreaterThan(0);
    expect(ran.code, ran.err).toBe(3);
    const [found] = judge(container, [path]);
    expect(difference(found!, recording)).toBeUndefined();
  });

  test("writes that the system takes in pieces are completed", { timeout: 60_000 }, async () => {
    const at = place("short");
    const path = join(at, nameOf("run"));
    const log = join(at, "faults.log");
    const rules = [{ call: "write", path: `${at}.*run`, short: 700 }] as const;
    const ran = await mote(runOf(recording, container, path), faultyEnvironment(rules, log));
    expect(faultsIn(log).length).toBeGreaterThan(0);
    expect(ran.code, ran.err).toBe(0);
    const [found] = judge(container, [path]);
    expect(difference(found!, recording)).toBeUndefined();
    expect(framesIn(found!)).toBe(recording.crcs.length);
  });

  test.skipIf(!canMountSmallDisk)(`a disk that cannot be written to is refused at once${needsDisk}`, () =>
    onSmallDisk("3m", async (disk) => {
      execFileSync("mount", ["-o", "remount,ro", disk]);
      const ran = await mote(runOf(recording, container, join(disk, nameOf("run"))).concat("--min-free", "0"));
      expect(ran.code, ran.err).toBe(2);
      expect(ran.err).toMatch(/cannot be written to|read-only/i);
    }),
  );

  test("of two runs on one output, one has it and the other is refused", { timeout: 60_000 }, async () => {
    const path = join(place("two"), nameOf("run"));
    const both = await Promise.all([0, 1].map(() => mote(runOf(recording, container, path))));
    expect(both.map(({ code }) => code).sort(), both.map(({ err }) => err).join()).toEqual([0, 2]);
    expect(both.find(({ code }) => code === 2)!.err).toContain("exists already");
    const [found] = judge(container, [path]);
    expect(difference(found!, recording)).toBeUndefined();
    expect(framesIn(found!)).toBe(recording.crcs.length);
  });

  test("names with spaces, quotes, line feeds and letters of other scripts are names", {
    timeout: 60_000,
  }, async () => {
    const inside = join(place("name"), 'a folder\'s "name"');
    mkdirSync(inside);
    const path = join(inside, nameOf("été 'x' \"y\"\n漢字 🐟 $HOME *"));
    const ran = await mote(runOf(recording, container, path));
    expect(ran.code, ran.err).toBe(0);
    const [found] = judge(container, [path]);
    expect(difference(found!, recording)).toBeUndefined();
    expect(framesIn(found!)).toBe(recording.crcs.length);
  });

  test("a worker that dies in mid-frame ends the run by name, and what was stored is read", {
    timeout: 60_000,
  }, async () => {
    const path = join(place("worker"), nameOf("run"));
    const preload = pathToFileURL(join(import.meta.dirname, "dying-worker.mjs")).href;
    const dying = stage === "archive" ? "track" : "compress";
    const ran = await mote(runOf(recording, container, path, ["--loop", "0"]), {
      NODE_OPTIONS: `--import=${preload}`,
      DYING_STAGE: dying,
      DYING_AT: "150",
    });
    expect(ran.code, ran.err).toBe(1);
    expect(ran.err).toContain(dying);
    const [found] = judge(container, [path]);
    expect(difference(found!, recording)).toBeUndefined();
    expect(framesIn(found!)).toBeGreaterThan(0);
  });
});
