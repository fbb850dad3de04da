import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { openShell, root } from "./shell.js";

/** The Python reader as its page shows it; the standard library is enough. */
export async function pythonReads(python: string): Promise<void> {
  const shell = openShell("python");
  const script = join(root, "docs/frame-stream/mote_stream.py");
  for (const name of ["beads", "gap", "tracked"]) {
    const { out, code } = await shell.run(`${python} ${script} < ${join(root, "fixtures", `${name}.mote`)}`);
    expect([code, out]).toEqual([0, readFileSync(join(root, "fixtures", `${name}.python.txt`), "utf8").trim()]);
  }
  const made = await shell.run(`mote acquire --camera sim --size 40x30 --beads 2 --frames 3 | ${python} ${script}`);
  expect(made.out.split("\n").map((line) => line.split(" ")[0])).toEqual([
    "descriptor",
    "frame",
    "frame",
    "frame",
    "end",
  ]);
  const pixels = await shell.run(
    `mote acquire ${join(root, "fixtures/images/pages-uint8.tif")} | ${python} -c 'import sys; sys.path.insert(0, "${join(root, "docs/frame-stream")}"); import mote_stream; print(sum(1 for m in mote_stream.messages(sys.stdin.buffer) if m[0] == "frame"))'`,
  );
  expect(Number(pixels.out)).toBeGreaterThan(1);
  writeFileSync(join(shell.folder, "cut.mote"), readFileSync(join(root, "fixtures/beads.mote")).subarray(0, 30_000));
  const cut = await shell.run(`${python} ${script} < cut.mote`);
  expect(cut.code).not.toBe(0);
  expect(cut.err).toContain("the stream was cut");
}
