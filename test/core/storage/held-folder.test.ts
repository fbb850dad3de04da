/** A folder that is written into is that very folder, whatever takes its name between two writes. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HeldFolder } from "../../../src/core/storage/claim/held-folder.js";
import { identityOf } from "../../../src/core/storage/claim/removal.js";
import { openZarrStore } from "../../../src/core/storage/formats/zarr/zarr-store.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";

let place: string;
let mine: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "mote held é-"));
  mine = join(place, "mine");
  mkdirSync(mine);
});
afterEach(() => rmSync(place, { recursive: true }));

/** Puts another folder in the place of it. */
function swap(): void {
  renameSync(mine, join(place, "moved"));
  mkdirSync(mine);
}

describe.runIf(process.platform === "linux")("by its descriptor", () => {
  test("what is written goes into the folder that was opened, wherever it is by then", () => {
    const held = new HeldFolder(mine);
    swap();
    held.within((path) => writeFileSync(join(path, "a"), "1"));
    expect([readdirSync(mine), readdirSync(join(place, "moved"))]).toEqual([[], ["a"]]);
    expect(held.hasItsName()).toBe(false);
    held.close();
  });

  test("an error names the folder as its user does", () => {
    const held = new HeldFolder(mine);
    const make = () => held.within((path) => renameSync(join(path, "none"), join(path, "b")));
    expect(make).toThrow(`ENOENT: no such file or directory, rename '${mine}/none' -> '${mine}/b'`);
    expect(make).toThrow(expect.objectContaining({ path: `${mine}/none`, dest: `${mine}/b` }));
    held.close();
  });

  test("a store's frames, columns, ledger and metadata go into its own folder when another has its name", async () => {
    const descriptor = fakeDescriptor({ shape: { height: 8, width: 8 } });
    const geometry = fakeGeometry(descriptor, 3);
    const path = join(place, "run.ome.zarr");
    const settings = { zarr: { codec: "none", framesPerShard: 2, levels: 2 } };
    const store = await openZarrStore({ path, where: "test", descriptor, geometry, settings });
    const frame = fakeFrame(geometry);
    const put = async (number: number) => {
      fillFrame(frame, descriptor, number, 3);
      await store.append(frame);
    };
    await put(0);
    renameSync(path, join(place, "moved"));
    mkdirSync(path);
    await put(1);
    await put(2);
    store.event({ event: "drop", stage: "archive", firstFrame: 3, count: 1, reason: "disk full" });
    await store.close(end);
    expect(readdirSync(path)).toEqual([]);
    const root = JSON.parse(readFileSync(join(place, "moved", "zarr.json"), "utf8"));
    expect(root.attributes.mote).toMatchObject({ is_complete: true, processing_metrics: { framesStored: 3 } });
    expect(readdirSync(join(place, "moved", "0", "c")).sort()).toEqual(["0", "1"]);
  });
});

describe("by its name, where there is no path to a descriptor", () => {
  test("it is looked at before each write, and another one is left alone", () => {
    const held = new HeldFolder(mine, join(place, "no-proc"));
    held.within((path) => writeFileSync(join(path, "a"), "1"));
    swap();
    expect(() => held.within((path) => writeFileSync(join(path, "b"), "1"))).toThrow(
      "mine was removed or moved by something else",
    );
    expect([readdirSync(mine), readdirSync(join(place, "moved"))]).toEqual([[], ["a"]]);
    held.close();
  });
});

test("of a file in it, the name that is another's is told: its own or the folder's", () => {
  const held = new HeldFolder(mine);
  const file = join(mine, "journal");
  writeFileSync(file, "1");
  const identity = identityOf(statSync(file, { bigint: true }));
  expect(held.lostName("journal", identity)).toBeUndefined();
  renameSync(file, join(mine, "other"));
  writeFileSync(file, "1");
  expect(held.lostName("journal", identity)).toBe("journal");
  swap();
  expect(held.lostName("journal", identity)).toBe("mine");
  rmSync(mine, { recursive: true });
  expect(held.lostName("journal", identity)).toBe("mine");
  mkdirSync(mine);
  held.close();
});
