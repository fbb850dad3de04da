/** What a run writes into is taken away while it writes: that is told, at once or at the end, and nothing is made again in its place. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeFolders, makeFoldersIn } from "../../src/core/storage/folders.js";
import { openShell } from "../e2e/shell.js";
import { toldReport } from "../e2e/told-report.js";
import { until } from "../until.js";
import { type Container, containers, hasStarted, mote, stagesInto } from "./containers.js";

const camera = ["acquire", "--camera", "sim", "--size", "96x80", "--beads", "7", "--seed", "5", "--fps", "100"];
const bounded = { timeout: 90_000 };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-vanished-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function runInto(path: string, container: Container, frames: number): string[] {
  const stages = stagesInto(path, container, [...camera, "--frames", String(frames)]);
  return ["run", "--quiet", ...stages, "--min-free", "0"];
}

/** Runs into a folder of its own, which is taken away once frames are stored. */
async function whileWriting(container: Container, frames: number, take: (place: string, path: string) => void) {
  const place = mkdtempSync(join(folder, "place-"));
  const path = join(place, container.ending === "/" ? "frames/" : `run${container.ending}`);
  const ran = await mote(runInto(path, container, frames), { TMPDIR: folder }, async (_kill, hasEnded) => {
    await until(() => hasStarted(container, path) || hasEnded(), { what: `frames in ${path}` });
    expect(hasEnded()).toBe(false);
    take(place, path);
  });
  return { ...ran, place };
}

describe.each(containers)("$stage --out run$ending", (container) => {
  test("ends with a failure or a loss when its folder is taken away, and makes none again", bounded, async () => {
    const aside = mkdtempSync(join(folder, "aside-"));
    const { code, err, place } = await whileWriting(container, 400, (taken) => renameSync(taken, join(aside, "taken")));
    expect([1, 3], err).toContain(code);
    expect(err).toMatch(/lost|removed or moved by something else/);
    expect(existsSync(place)).toBe(false);
  });
});

describe.each(containers.filter(({ ending }) => ending !== "/"))("$stage --out run$ending", (container) => {
  test("ends with a failure when another has its name, and writes nothing more into that one", bounded, async () => {
    const other = join(mkdtempSync(join(folder, "other-")), `other${container.ending}`);
    const made = await mote(runInto(other, container, 3), { TMPDIR: folder });
    expect(made.code, made.err).toBe(0);
    const before = contentOf(other);
    const { code, err, place } = await whileWriting(container, 4000, (_place, path) => {
      renameSync(path, join(mkdtempSync(join(folder, "aside-")), "taken"));
      renameSync(other, path);
    });
    expect(code, err).toBe(1);
    expect(err).toContain("removed or moved by something else");
    expect(contentOf(join(place, `run${container.ending}`))).toEqual(before);
  });

  test("ends with a failure when its file is removed", bounded, async () => {
    const { code, err, place } = await whileWriting(container, 400, (_place, path) => removeWritten(path));
    expect(code, err).toBe(1);
    expect(err).toContain("removed or moved by something else");
    expect(readdirSync(place).filter((name) => name.startsWith("run"))).toEqual([]);
  });
});

describe.each(containers.filter(({ ending }) => ending === "/"))("$stage --out frames/ of .$reader", (container) => {
  test(
    "ends with a failure or a loss when another folder has its name, and writes nothing into that one",
    bounded,
    async () => {
      const other = join(mkdtempSync(join(folder, "other-")), "frames/");
      const made = await mote(runInto(other, container, 3), { TMPDIR: folder });
      expect(made.code, made.err).toBe(0);
      const before = contentOf(other);
      const { code, err, place } = await whileWriting(container, 4000, (_place, path) => {
        renameSync(path, join(mkdtempSync(join(folder, "aside-")), "taken"));
        renameSync(other, path);
      });
      expect(code, err).toBe(container.stage === "archive" ? 1 : 3);
      expect(err).toContain("frames was removed or moved by something else");
      expect(contentOf(join(place, "frames"))).toEqual(before);
    },
  );

  test("ends with a failure or a loss when its journal is removed", bounded, async () => {
    let journal = "";
    const { code, err } = await whileWriting(container, 4000, (_place, path) => {
      journal = readdirSync(path).find((name) => name.endsWith(".ndjson"))!;
      rmSync(join(path, journal));
    });
    expect(code, err).toBe(container.stage === "archive" ? 1 : 3);
    expect(err).toContain(`${journal} was removed or moved by something else`);
  });
});

/** Every file of it, by its bytes. */
function contentOf(path: string): readonly (readonly [string, string])[] {
  if (!statSync(path).isDirectory()) return [["", readFileSync(path, "base64")]];
  const files = readdirSync(path, { recursive: true, encoding: "utf8" }).sort();
  return files
    .filter((name) => statSync(join(path, name)).isFile())
    .map((name) => [name, readFileSync(join(path, name), "base64")]);
}

/** A folder that is written to loses its name in one step, like a file; the frame that is on its way may still come into it. */
function removeWritten(path: string): void {
  const other = join(mkdtempSync(join(folder, "aside-")), "taken");
  renameSync(path, other);
  for (;;) {
    try {
      rmSync(other, { recursive: true });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw error;
    }
  }
}

test("a recording that is removed before its run's last second is a failure too", bounded, async () => {
  const [table] = containers as [Container];
  const place = mkdtempSync(join(folder, "late-"));
  const path = join(place, "run.csv");
  const words = runInto(path, { ...table, started: 1 }, 40);
  const ran = await mote(words, {}, async (_kill, hasEnded) => {
    await until(() => existsSync(path) || hasEnded(), { what: path });
    if (!hasEnded()) rmSync(path);
  });
  expect([ran.code, ran.err]).toEqual([1, expect.stringContaining("removed or moved by something else")]);
});

test("the working folder is taken away under compress --out with a relative name", bounded, async () => {
  const shell = openShell("gone");
  const words = [...camera, "--frames", "300", "then", "compress", "--out", "jxl", "--min-free", "0"].join(" ");
  const { code, err } = await shell.run(
    `mkdir at; cd at; mote run ${words} & P=$!; wait-for frames '[ "$(ls ../at/jxl 2>/dev/null | wc -l)" -gt 5 ]'; mv ../at ../taken; rm -r ../taken; wait $P`,
  );
  expect([code, err]).toEqual([1, expect.stringMatching(/compress: .* frames? lost/)]);
  expect(err).toContain("error: compress, --out jxl");
  rmSync(shell.folder, { recursive: true, force: true });
});

test("--output FILE.mote is removed", bounded, async () => {
  const path = join(mkdtempSync(join(folder, "output-")), "run.mote");
  const ran = await mote([...camera, "--frames", "400", "--output", path], {}, async (_kill, hasEnded) => {
    await until(() => existsSync(path) || hasEnded(), { what: path });
    rmSync(path);
  });
  expect([ran.code, ran.err]).toEqual([1, expect.stringContaining("removed or moved by something else")]);
});

test("the folder of a spool is taken away: what could not wait there is counted", bounded, async () => {
  const shell = openShell("spool-gone");
  const line = `mote ${camera.join(" ")} --frames 400 --spill-dir spool --json 2>said | (wait-for spool 'ls spool/*.mote >/dev/null 2>&1'; rm -r spool; mote archive --out run.mote --min-free 0 --json 2>end); echo "\${PIPESTATUS[*]}"`;
  mkdirSync(join(shell.folder, "spool"));
  const { out } = await shell.run(line);
  const whole = await shell.mote("verify run.mote --json");
  const lostOf = (name: string) => toldReport(readFileSync(join(shell.folder, name), "utf8"))!.lost;
  const frames = JSON.parse(whole.out).files[0].frames;
  expect(frames + lostOf("end")).toBe(400);
  expect(out).toBe(lostOf("said") > 0 ? "3 3" : "0 0");
  rmSync(shell.folder, { recursive: true, force: true });
});

test("folders are made as far as they are missing, below a root that has to be there", () => {
  const at = join(folder, "made");
  makeFolders(join(at, "a/b/c"));
  makeFolders(join(at, "a/b/c"));
  makeFoldersIn(at, "d/e");
  expect(readdirSync(at, { recursive: true }).sort()).toEqual(["a", "a/b", "a/b/c", "d", "d/e"]);
  expect(() => makeFoldersIn(join(at, "nowhere"), "d/e")).toThrow("ENOENT");
  expect(() => makeFoldersIn(`${join(at, "nowhere")}/`, "d")).toThrow("ENOENT");
  expect(existsSync(join(at, "nowhere"))).toBe(false);
});
