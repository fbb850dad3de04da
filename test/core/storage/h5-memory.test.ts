/** What a small HDF5 file may claim of the library's memory. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { leastLibraryBytes, memoryOfFile } from "../../../src/core/budget.js";
import { openH5Reader } from "../../../src/core/storage/formats/h5/h5-reader.js";
import { loadHdf5 } from "../../../src/core/storage/formats/h5/library.js";
import { quickFolder } from "./verify-recover.js";

const folder = quickFolder("mote-h5-memory-");
afterAll(() => rmSync(folder, { recursive: true }));

test("a small file that claims more than a gigabyte is refused in words, and what the library says goes nowhere else", async () => {
  const printed = vi.spyOn(console, "error");
  const { hdf5, module } = await loadHdf5();
  const path = join(folder, "claims.h5");
  const file = new hdf5.File(path, "w");
  // Chunks that were never written: the values are the fill value, and the file has some kilobytes.
  file.create_dataset({ name: "big", data: new Uint8Array(1), shape: [1], maxshape: [null], chunks: [4096] });
  const dataset = file.get("big") as InstanceType<typeof hdf5.Dataset>;
  dataset.resize([1_400_000_000]);
  file.close();
  const reader = await openH5Reader(path);
  try {
    expect(() => reader.rows("/big", 0, 1_400_000_000)).toThrow(/memory/);
  } finally {
    reader.close();
  }
  expect(module.HEAPU8.length).toBeLessThan(1.1e9);
  expect(printed).not.toHaveBeenCalled();
});

test("a small file that is read beside a long one takes none of the memory from it", async () => {
  const { module, expectFile } = await loadHdf5();
  const { _malloc: take, _free: giveBack } = module as unknown as {
    readonly _malloc: (bytes: number) => number;
    readonly _free: (at: number) => void;
  };
  expect(take(leastLibraryBytes)).toBe(0);
  expectFile(leastLibraryBytes / memoryOfFile);
  expectFile(1000);
  // Nothing is written to it, so that the system gives none of it.
  const at = take(leastLibraryBytes);
  expect(at).toBeGreaterThan(0);
  giveBack(at);
});
