import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { folderFault } from "../../src/core/control/private-folder.js";

test("a folder is private when nobody but its owner may do anything in it, and is one itself", () => {
  const root = mkdtempSync(join(tmpdir(), "mote-private-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const folder = join(root, "mote");
  expect(folderFault(folder)).toContain("cannot be looked at");
  mkdirSync(folder);
  chmodSync(folder, 0o700);
  expect(folderFault(folder)).toBeUndefined();
  for (const right of [0o040, 0o020, 0o010, 0o004, 0o002, 0o001]) {
    chmodSync(folder, 0o700 | right);
    expect([right, folderFault(folder)]).toEqual([right, "is open to others"]);
  }
  chmodSync(folder, 0o700);
  symlinkSync(folder, join(root, "link"));
  expect(folderFault(join(root, "link"))).toBe("is no folder");
  writeFileSync(join(root, "file"), "", { mode: 0o600 });
  expect(folderFault(join(root, "file"))).toBe("is no folder");
});
