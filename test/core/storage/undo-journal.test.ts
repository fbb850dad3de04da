/** The way back to a file's last sync. */
import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { pageBytes, readUndoJournal, UndoJournal, undo } from "../../../src/core/storage/formats/h5/undo-journal.js";
import { writeAll } from "../../../src/core/storage/write-all.js";
import { quickFolder } from "./verify-recover.js";

const folder = quickFolder("mote-undo-journal-");
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
/** A file of pages that have a letter each, and its journal. */
function journalled(text: string) {
  const path = join(folder, `file${files++}`);
  writeFileSync(path, Buffer.concat([...text].map((letter) => Buffer.alloc(pageBytes, letter))));
  const journal = new UndoJournal(`${path}.undo`);
  const fd = openSync(path, "r+");
  const bytesOf = (page: number) => readFileSync(path).subarray(page * pageBytes, (page + 1) * pageBytes);
  return {
    sync: () => journal.begin(readFileSync(path).length),
    write(page: number, letter: string) {
      journal.keep([page], bytesOf);
      writeAll(fd, Buffer.alloc(pageBytes, letter), page * pageBytes);
    },
    shorten: (bytes: number) => ftruncateSync(fd, bytes),
    /** The file as the journal says that it was; of each page its first letter. */
    undone() {
      undo(fd, readUndoJournal(`${path}.undo`)!);
      closeSync(fd);
      journal.close();
      const bytes = readFileSync(path);
      return [
        Array.from(
          bytes.filter((_, at) => at % pageBytes === 0),
          (byte) => String.fromCharCode(byte),
        ).join(""),
        bytes.length,
      ];
    },
  };
}

test("the way back leads to the last sync: over pages written twice, behind the end and before the sync", () => {
  const { sync, write, undone } = journalled("abc");
  sync();
  write(0, "x");
  write(0, "y");
  write(2, "z");
  write(3, "n");
  expect(undone()).toEqual(["abc", 3 * pageBytes]);
});

test("a page that is written over behind each of two syncs comes back as it was at the second", () => {
  const { sync, write, undone } = journalled("abc");
  sync();
  write(0, "x");
  write(1, "y");
  sync();
  write(0, "z");
  expect(undone()).toEqual(["xyc", 3 * pageBytes]);
});

test("what was synced of a page that was not full comes back without what was written behind it", () => {
  const { sync, write, shorten, undone } = journalled("ab");
  shorten(pageBytes + 100);
  sync();
  write(1, "x");
  expect(undone()).toEqual(["ab", pageBytes + 100]);
});
