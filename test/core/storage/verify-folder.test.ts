import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MoteError } from "../../../src/core/errors.js";
import { containerFor } from "../../../src/core/storage/container-for.js";
import { seeded } from "../../seed.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { framesOf, quickFolder, recovered, verified } from "./verify-recover.js";

const mote = join(import.meta.dirname, "../../../bin/mote.js");
const isBuilt = existsSync(join(import.meta.dirname, "../../../dist/core/cli/main.js"));
let folder: string;
let names = 0;
const newName = (extension = "") => join(folder, `name${names++}${extension}`);
beforeAll(() => {
  folder = quickFolder("mote-verify-folder-");
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!isBuilt)("a folder of compressed frames", () => {
  let whole: string;
  let recording: string;
  let frames: { number: number; pixels: number[] }[];
  beforeAll(() => {
    recording = newName(".mote");
    whole = newName();
    execFileSync(process.execPath, [
      mote,
      "acquire",
      "--camera",
      "sim",
      "--frames",
      "5",
      "--size",
      "32x24",
      "--output",
      recording,
    ]);
    execFileSync(process.execPath, [mote, "compress", "--quiet", "--input", recording, "--out", whole]);
    return framesOf(recording).then((read) => {
      frames = read;
    });
  }, 60_000);

  function copied(): string {
    const copy = newName();
    cpSync(whole, copy, { recursive: true, preserveTimestamps: true });
    return copy;
  }
  const files = (of: string) =>
    readdirSync(of)
      .filter((name) => name.endsWith(".jxl"))
      .sort();

  async function framesIn(of: string) {
    const all: { number: number; pixels: number[] }[] = [];
    for (const name of files(of)) all.push(...(await framesOf(join(of, name))));
    return all;
  }

  test("a flipped bit anywhere in a file is noticed, also where no pixel depends on it", async () => {
    const random = seeded(41);
    for (let flip = 0; flip < 60; flip++) {
      const copy = copied();
      const name = files(copy)[flip % 5]!;
      const bytes = readFileSync(join(copy, name));
      // Every other one among the first bytes, where the codestream says what it is of.
      const at = Math.floor(random() * (flip % 2 ? bytes.length : 64));
      bytes[at]! ^= 1 << Math.floor(random() * 8);
      writeFileSync(join(copy, name), bytes);
      expect([name, at, (await verified(copy)).verdict]).toEqual([name, at, "damaged"]);
      rmSync(copy, { recursive: true });
    }
  });

  test("is whole, and comes back whole", async () => {
    const report = await verified(whole);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ verdict: "whole", frames: 5, framesExpected: 5 });
    const out = newName();
    expect(await recovered(whole, out)).toMatchObject({ frames: 5, lossCount: 0 });
    expect((await verified(out)).verdict).toBe("whole");
    expect(await framesIn(out)).toEqual(frames);
  });

  test("what is in it beside the frames of its journals is told as not checked", async () => {
    const copy = copied();
    for (const name of ["notes.txt", "a.tif", "b.tif"]) writeFileSync(join(copy, name), "");
    expect(await verified(copy)).toMatchObject({ verdict: "whole", otherFiles: ["a.tif", "b.tif", "notes.txt"] });
  });

  test("whatever byte of a file or of its line is changed, it is found, unless pixels and metadata are the same", {
    timeout: 60_000,
  }, async () => {
    const copy = copied();
    const random = seeded(9);
    const names = [...files(copy), "journal.ndjson"];
    let found = 0;
    for (let round = 0; round < 60; round++) {
      const name = names[round % names.length]!;
      const path = join(copy, name);
      const bytes = readFileSync(path);
      const at = Math.floor(random() * bytes.length);
      const was = bytes[at]!;
      bytes[at] = was ^ (1 << Math.floor(random() * 8));
      writeFileSync(path, bytes);
      const report = await verified(copy);
      if (report.verdict !== "whole") found++;
      else if (name !== "journal.ndjson") expect(await framesIn(copy)).toEqual(frames);
      bytes[at] = was;
      writeFileSync(path, bytes);
    }
    expect(found).toBeGreaterThan(35);
    expect((await verified(copy)).verdict).toBe("whole");
  });

  test("a damaged file is named with its frame, goes aside, and the rest comes back", async () => {
    const copy = copied();
    const name = files(copy)[2]!;
    const bytes = readFileSync(join(copy, name));
    bytes.fill(0x55, 100, 200);
    writeFileSync(join(copy, name), bytes);
    const report = await verified(copy);
    expect(report.verdict).toBe("damaged");
    expect(report.findings.map(({ frame, file }) => ({ frame, file }))).toEqual([{ frame: 2, file: name }]);
    const out = newName();
    const recovery = await recovered(copy, out);
    expect(recovery.losses.map(({ firstFrame, frames }) => ({ firstFrame, frames }))).toEqual([
      { firstFrame: 2, frames: 1 },
    ]);
    expect(readdirSync(join(out, "quarantine"))).toEqual([name]);
    expect(await framesIn(out)).toEqual(frames.filter(({ number }) => number !== 2));
    expect((await verified(out)).findings.map(({ kind, check }) => `${kind} ${check}`)).toEqual(["missing ledger"]);
    const movie = newName(".mote");
    await recovered(copy, movie);
    expect(await framesOf(movie)).toEqual(frames.filter(({ number }) => number !== 2));
  });

  test("a file that is gone is missing; a journal that is gone is made anew from the files", async () => {
    const copy = copied();
    rmSync(join(copy, files(copy)[4]!));
    expect(await verified(copy)).toMatchObject({ verdict: "incomplete", frames: 4, framesExpected: 5 });
    rmSync(join(copy, "journal.ndjson"));
    const out = newName();
    const recovery = await recovered(copy, out);
    expect(recovery.frames).toBe(4);
    expect(await framesIn(out)).toEqual(frames.slice(0, 4));
    const report = await verified(out);
    expect([report.verdict, report.reasons]).toEqual(["incomplete", [{ code: "recording-cut", count: 1 }]]);
  });

  test("another run's journal says nothing of these files: what was lost of their run is not known", async () => {
    const copy = copied();
    const other = newName(".mote");
    const words = ["acquire", "--camera", "sim", "--frames", "5", "--size", "32x24", "--seed", "9", "--output", other];
    execFileSync(process.execPath, [mote, ...words]);
    const stranger = newName();
    execFileSync(process.execPath, [mote, "compress", "--quiet", "--input", other, "--out", stranger]);
    cpSync(join(stranger, "journal.ndjson"), join(copy, "journal.ndjson"));
    const out = newName();
    const recovery = await recovered(copy, out);
    expect([recovery.frames, recovery.isLostCounted, recovery.ending]).toEqual([5, false, "unfinished"]);
    expect(recovery.losses[0]!.what).toBe(
      "the journal is of other pixels than 5 files here: what was lost of their run is not known",
    );
    expect(await framesIn(out)).toEqual(frames);
    expect((await verified(out)).verdict).toBe("incomplete");
  });

  test("a run that was cut is incomplete, wherever its journal was cut", { timeout: 30_000 }, async () => {
    const copy = copied();
    const journal = readFileSync(join(copy, "journal.ndjson"));
    const lines = journal.toString().split("\n");
    for (let length = 0; length < journal.length; length += 97) {
      writeFileSync(join(copy, "journal.ndjson"), journal.subarray(0, length));
      expect((await verified(copy)).verdict).toBe("incomplete");
    }
    writeFileSync(join(copy, "journal.ndjson"), lines.slice(0, 3).join("\n"));
    const out = newName();
    expect((await recovered(copy, out)).frames).toBe(5);
    expect(await framesIn(out)).toEqual(frames);
  });

  test("a line that is gone, there twice, in another place or of another run is noticed, wherever it stood", {
    timeout: 60_000,
  }, async () => {
    const copy = copied();
    const journal = join(copy, "journal.ndjson");
    const lines = readFileSync(journal, "utf8").split("\n").slice(0, -1);
    const verdictOf = async (changed: readonly string[]) => {
      writeFileSync(journal, `${changed.join("\n")}\n`);
      return (await verified(copy)).verdict;
    };
    for (const [at, line] of lines.entries()) {
      const rest = lines.toSpliced(at, 1);
      expect(await verdictOf(rest), `without line ${at + 1}`).not.toBe("whole");
      expect(await verdictOf(lines.toSpliced(at, 0, line)), `line ${at + 1} twice`).not.toBe("whole");
      if (at > 0) expect(await verdictOf(rest.toSpliced(at - 1, 0, line)), `line ${at + 1} earlier`).not.toBe("whole");
    }
    expect(await verdictOf(lines)).toBe("whole");
  });

  test("a frame whose file and line are gone is missing, and recover says that one is", async () => {
    for (const which of [0, 2, 4]) {
      const copy = copied();
      const name = files(copy)[which]!;
      rmSync(join(copy, name));
      const journal = join(copy, "journal.ndjson");
      const lines = readFileSync(journal, "utf8").split("\n");
      writeFileSync(journal, lines.filter((line) => !line.includes(name)).join("\n"));
      const report = await verified(copy);
      expect([report.verdict, report.frames, report.framesExpected]).toEqual(["damaged", 4, 5]);
      expect(report.reasons.map(({ code }) => code)).toEqual(["journal-broken", "ledger-missing"]);
      expect(await recovered(copy, newName())).toMatchObject({ frames: 4, lostFrames: 1, hasLoss: true });
    }
  });

  test("frames that a resumed run found there are counted by its end, and missed when they are gone", async () => {
    const copy = copied();
    execFileSync(process.execPath, [mote, "compress", "--quiet", "--input", recording, "--out", copy, "--resume"]);
    expect(await verified(copy)).toMatchObject({ verdict: "whole", frames: 5, framesExpected: 5 });
    const name = files(copy)[1]!;
    rmSync(join(copy, name));
    const journal = join(copy, "journal.ndjson");
    const lines = readFileSync(journal, "utf8").split("\n");
    writeFileSync(journal, lines.filter((line) => !line.includes(name)).join("\n"));
    expect(await verified(copy)).toMatchObject({ frames: 4, framesExpected: 5 });
  });

  test("a journal of a Mote that kept no chain is read, and its lines are not checked", async () => {
    const copy = copied();
    const journal = join(copy, "journal.ndjson");
    writeFileSync(journal, readFileSync(journal, "utf8").replaceAll(/,"chain":"[0-9a-f]{8}"/g, ""));
    const report = await verified(copy);
    expect([report.verdict, report.findings, report.frames]).toEqual(["unchecked", [], 5]);
    expect(report.unchecked.map(({ aspect }) => aspect)).toEqual(["metadata"]);
  });

  test("runs that share a folder are verified by their journals; one that was cut makes it incomplete", async () => {
    const copy = copied();
    for (const name of files(copy)) renameSync(join(copy, name), join(copy, `run_001_${name}`));
    const lines = readFileSync(join(copy, "journal.ndjson"), "utf8").replaceAll('"file":"', '"file":"run_001_');
    rmSync(join(copy, "journal.ndjson"));
    writeFileSync(join(copy, "run_001_journal.ndjson"), lines.replaceAll(/,"chain":"[0-9a-f]{8}"/g, ""));
    expect(await verified(copy)).toMatchObject({ findingCount: 0, frames: 5, isEnded: true });
    writeFileSync(join(copy, "run_002_journal.ndjson"), lines.split("\n")[0]!.concat("\n"));
    expect(await verified(copy)).toMatchObject({ verdict: "incomplete", frames: 5, isEnded: false });
  });

  test("a name in the journal that leads out of the folder is not followed", async () => {
    const copy = copied();
    const journal = join(copy, "journal.ndjson");
    const name = files(copy)[0]!;
    writeFileSync(journal, readFileSync(journal, "utf8").replace(`"file":"${name}"`, `"file":"../${name}"`));
    copyFileSync(join(copy, name), join(folder, name));
    expect((await verified(copy)).verdict).toBe("damaged");
  });
});

describe("text", () => {
  async function tracks(extension: string): Promise<string> {
    const descriptor = fakeDescriptor();
    const geometry = fakeGeometry(descriptor);
    const frame = fakeFrame(geometry);
    const path = newName(extension);
    const open = await containerFor("test", path).load();
    const store = await open({ path, where: "test", descriptor, geometry });
    for (let number = 0; number < 5; number++) {
      fillFrame(frame, descriptor, number, 4);
      await store.append(frame);
    }
    await store.close(end);
    return path;
  }

  for (const extension of [".csv", ".ndjson"]) {
    test(`${extension}: whole when whole; cut at any length, whole lines come back`, { timeout: 30_000 }, async () => {
      const path = await tracks(extension);
      expect((await verified(path)).findings).toEqual([]);
      const whole = readFileSync(path);
      for (let length = 0; length < whole.length; length += 61) {
        writeFileSync(path, whole.subarray(0, length));
        const isBetweenRows = extension === ".csv" && whole[length - 1] === 10;
        expect((await verified(path)).verdict).toBe(isBetweenRows ? "unchecked" : "incomplete");
        const out = newName(extension);
        const lines = whole.subarray(0, length).toString().split("\n").slice(0, -1);
        if (lines.length === 0) {
          await expect(recovered(path, out)).rejects.toThrow(MoteError);
          expect(existsSync(out)).toBe(false);
          continue;
        }
        const recovery = await recovered(path, out);
        expect(readFileSync(out, "utf8")).toBe(`${lines.join("\n")}\n`);
        expect(recovery.lossCount > 0).toBe(!isBetweenRows);
      }
    });
  }

  test("a damaged line of a table is named with its byte and left out", async () => {
    const path = await tracks(".csv");
    const bytes = readFileSync(path);
    const at = bytes.indexOf(10, 300) + 1;
    bytes[at + 5] = 0x58;
    writeFileSync(path, bytes);
    const report = await verified(path);
    expect(report.verdict).toBe("damaged");
    expect(report.findings[0]).toMatchObject({ byte: at, check: "decoding" });
    const out = newName(".csv");
    const recovery = await recovered(path, out);
    expect(recovery.lossCount).toBe(1);
    expect(recovery.rows).toBe(19);
    expect((await verified(out)).verdict).toBe("unchecked");
  });
});
