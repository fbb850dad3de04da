import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FaultRule, faultyEnvironment } from "../../faulty-files.js";
import { canMountSmallDisk } from "../../judges.js";
import { askJudge, hasJudge, needsJudge } from "./judge.js";

const here = import.meta.dirname;
const isBuilt = existsSync(join(here, "../../../dist/core/storage/formats/h5/h5-store.js"));
const needsBuild = isBuilt ? "" : " (skipped: needs npm run build)";
const layouts = ["stack", "per-frame"] as const;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-h5-crash-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Every frame of 32x32 and its seven rows as h5-write-log.mjs and h5-retry.mjs make them; what is wrong, or None. */
const lookAtAll = `
base = np.arange(1024) * 31
pixels = lambda k: (base + k * 7919) % 251
def look(f, least, most, first=0, together=1):
    layout = f["metadata"].attrs["layout"]
    if layout == "stack":
        n = len(f["images/frames"]); a = f["images/frames"][:]
        columns = [c for c in f["images"] if c != "frames"]
        if any(len(f["images"][c]) not in (n, n + together) for c in columns): return "columns"
        if not (f["images/frame_number"][:n] == np.arange(first, first + n)).all(): return "frame numbers"
        reach = min(len(f["tracks"][c]) for c in f["tracks"]) // 7
        t = {c: f["tracks"][c][:reach * 7] for c in f["tracks"]}
        if not (t["frame"] == np.repeat(np.arange(first, first + reach), 7)).all() or not (t["x"][::7] == np.arange(first, first + reach)).all(): return "tracks"
    else:
        # A group's leaf that is being split may name its second half twice.
        names = sorted(set(f["images"])); n = len(names)
        if names != ["frame_%06d" % k for k in range(first, first + n)]: return "names %s" % names
        # All of the newest, some of the others.
        a = {k: f["images"][names[k]][:] for k in range(n) if k > n - 3 - together or k % 7 == 0}
        if any(f["images"][names[k]].attrs["frame_number"] != first + k for k in a): return "frame numbers"
        if abs(len(set(f["tracks"])) - n) > together: return "tables"
        for k in a:
            if k >= least: continue
            t = f["tracks/" + names[k]][:]
            if len(t) != 7 or not (t["frame"] == first + k).all() or t["x"][0] != first + k: return "table %d" % k
    if not least <= n <= most: return "%d frames, not %d" % (n, least)
    if any(not (pixels(first + k) == a[k].ravel()).all() for k in (a if layout == "per-frame" else range(n))): return "pixels"
    l = f["metadata/ledger"][:]
    l = l[l["fate"] == 0]
    if len(l) < least or not (l["frame_number"] == np.arange(first, first + len(l))).all() or not (l["detections"] == 7).all(): return "ledger"
`;

/** Makes the file again, write by write, and looks at it after each. */
const afterEveryWrite = `${lookAtAll}
import os
data = open(path + "/writes.bin", "rb").read()
p = path + "/prefix.h5"; fd = os.open(p, os.O_RDWR | os.O_CREAT)
at = 0; bad = []; overwritten = 0; end = 0
for i, (offset, count, stored) in enumerate(json.load(open(path + "/writes.json"))):
    was = end
    if count < 0: os.ftruncate(fd, offset)
    else:
        os.pwrite(fd, data[at:at + count], offset); at += count
        overwritten += offset < end; end = max(end, offset + count)
    # The first frames, and those around which index nodes are split; a write behind the end overwrites nothing.
    if not (stored < 10 or stored > FROM) or offset >= was: continue
    try:
        with h5py.File(p, "r") as f: what = look(f, stored, stored + TOGETHER, 0, TOGETHER)
    except Exception as e: what = repr(e)[:200]
    if what: bad.append([i, offset, count, stored, what])
print(json.dumps({"overwritten": overwritten, "bad": bad[:5]}))`;

describe.skipIf(!hasJudge || !isBuilt)(`h5py, after every single write${needsJudge}${needsBuild}`, () => {
  // The 65th frame splits the node of an index, every few the leaves of a group.
  for (const [layout, frames, from, together] of [
    ["stack", 67, 60, 1],
    ["per-frame", 30, 20, 1],
    ["stack", 165, 0, 33],
    ["per-frame", 99, 0, 11],
  ] as const) {
    test(`finds all stored frames, layout ${layout}, ${together} a commit`, { timeout: 120_000 }, () => {
      const words = [folder, layout, frames, 7, 32, together].map(String);
      execFileSync(process.execPath, [join(here, "h5-write-log.mjs"), ...words]);
      const look = afterEveryWrite.replace("FROM", String(from)).replaceAll("TOGETHER", String(together));
      const told = askJudge(folder, look) as { overwritten: number; bad: unknown[] };
      expect(told.bad).toEqual([]);
      expect(told.overwritten).toBeGreaterThan((frames / together) * 5);
    });
  }
});

const whole = (frames: number, from = 0) => `${lookAtAll}
f = h5py.File(path)
gap = f["metadata/ledger"][:]
print(json.dumps({"wrong": look(f, ${frames}, ${frames}, ${from}), "gap": [[int(r["frame_number"]), int(r["frames"])] for r in gap if r["fate"] == 1], "complete": int(f["metadata"].attrs["is_complete"])}))`;

describe.skipIf(!hasJudge || !isBuilt)(`a frame that could not be stored${needsJudge}${needsBuild}`, () => {
  function insist(path: string, layout: string, split: number, rules: readonly FaultRule[], ballast = "") {
    const ran = spawnSync(process.execPath, [join(here, "h5-retry.mjs"), path, layout, "40", String(split), ballast], {
      encoding: "utf8",
      env: { ...process.env, ...(rules.length > 0 ? faultyEnvironment(rules) : {}) },
    });
    expect(ran.stderr).toBe("");
    return JSON.parse(ran.stdout) as string[];
  }

  for (const layout of layouts) {
    for (const [what, rule] of [
      ["the disk is full for a while", { error: "ENOSPC", from: 57, times: 9 }],
      ["an error in the middle of a commit", { error: "EIO", from: 90, times: 1 }],
      ["half a write before the disk is full", { error: "ENOSPC", short: 5, from: 75, times: 1 }],
    ] as const) {
      test(`is stored when it comes again: ${what}, ${layout}`, { timeout: 60_000 }, () => {
        const path = join(folder, "run.h5");
        const failures = insist(path, layout, 0, [{ call: "write", path: "run\\.h5$", ...rule }]);
        expect(failures.length).toBeGreaterThan(0);
        expect(failures[0]).toContain(rule.error);
        expect(askJudge(path, whole(40))).toEqual({ wrong: null, gap: [[1000, 2]], complete: 1 });
      });
    }
    test(`is whole after short writes all along, ${layout}`, { timeout: 60_000 }, () => {
      const path = join(folder, "run.h5");
      expect(insist(path, layout, 0, [{ call: "write", path: "run\\.h5$", short: 100 }])).toEqual([]);
      expect(askJudge(path, whole(40))).toMatchObject({ wrong: null, complete: 1 });
    });
  }

  test("is stored when it comes again, wherever a split archive failed", { timeout: 120_000 }, () => {
    for (let from = 400; from < 440; from += 7) {
      const own = join(folder, String(from));
      mkdirSync(own);
      const rules = [{ call: "write", path: "run_\\d+\\.h5$", error: "EIO", from, times: 1 } as const];
      const failures = insist(join(own, "run.h5"), "stack", 20, rules);
      expect(failures.length).toBe(1);
      expect(askJudge(join(own, "run_000.h5"), whole(20))).toMatchObject({ wrong: null, complete: 1 });
      expect(askJudge(join(own, "run_001.h5"), whole(20, 20))).toMatchObject({ wrong: null, complete: 1 });
    }
  });

  for (const [what, rule] of [
    ["cannot be made", { call: "open", path: "\\.run_001\\.h5\\.part$" }],
    ["cannot be begun", { call: "write", path: "\\.run_001\\.h5\\.part$" }],
    ["cannot get its name", { call: "rename", path: "run_001\\.h5$" }],
  ] as const) {
    test(`is stored when it comes again: the next file ${what} while the disk is full`, { timeout: 60_000 }, () => {
      const failures = insist(join(folder, "run.h5"), "stack", 20, [{ ...rule, error: "ENOSPC", times: 2 }]);
      expect(failures.length).toBe(2);
      for (const failure of failures) expect(failure).toContain("ENOSPC");
      expect(askJudge(join(folder, "run_000.h5"), whole(20))).toMatchObject({ wrong: null, complete: 1 });
      expect(askJudge(join(folder, "run_001.h5"), whole(20, 20))).toMatchObject({ wrong: null, complete: 1 });
      expect(readdirSync(folder).sort()).toEqual(["run_000.h5", "run_001.h5"]);
    });
  }

  const needsDisk = canMountSmallDisk ? "" : " (skipped: needs the right to mount a tmpfs)";
  test.skipIf(!canMountSmallDisk)(`is stored once a full disk has room again${needsDisk}`, { timeout: 60_000 }, () => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]);
    try {
      const ballast = join(disk, "ballast");
      execFileSync("dd", ["if=/dev/zero", `of=${ballast}`, "bs=1000", "count=1180"], { stdio: "ignore" });
      const path = join(disk, "run.h5");
      const failures = insist(path, "stack", 0, [], ballast);
      expect(failures.length).toBe(1);
      expect(failures[0]).toContain("ENOSPC");
      expect(askJudge(path, whole(40))).toEqual({ wrong: null, gap: [[1000, 2]], complete: 1 });
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});
