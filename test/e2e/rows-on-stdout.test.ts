/** `archive --to NAME --out -`: rows for the program behind the pipe, while the run goes on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openShell, root } from "./shell.js";

const { folder, mote, run } = openShell("rows");
const tracked = join(root, "fixtures/tracked.mote");
const camera = "acquire --camera sim --size 64x64 --beads 5";
const track = "track --diameter 11 --search-range 5";

for (const name of ["csv", "ndjson"]) {
  test(`--to ${name} puts on stdout what a .${name} holds, into a pipe and into a file`, async () => {
    const { code, err } = await run(
      `mote archive --to ${name} --out - --out a.${name} < ${tracked} | cat > b.${name} && mote archive --to ${name} --out - < ${tracked} > c.${name}`,
    );
    expect(code, err).toBe(0);
    const [inFile, fromPipe, redirected] = ["a", "b", "c"].map((one) => comparable(join(folder, `${one}.${name}`)));
    expect(inFile!.length).toBeGreaterThan(10);
    expect(fromPipe).toEqual(inFile);
    expect(redirected).toEqual(inFile);
  });
}

/** The lines of a table without what is drawn and looked at anew in every run. */
function comparable(path: string): string[] {
  const text = readFileSync(path, "utf8");
  expect(text.endsWith("\n")).toBe(true);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UID"))
    .map((line) => line.replaceAll(/"time":[\d.]+|"timestamps":\{[^}]*\}/g, "TIME"));
}

test("a reader that has enough ends a replay without a loss, and the table it got has whole lines", async () => {
  const { code, out, err } = await run(
    `mote run ${camera} --frames 20000 then ${track} then archive --to csv --out - | head -n 3`,
  );
  expect(code, err).toBe(0);
  expect(out.split("\n").map((line) => line.split(",").length)).toEqual([11, 11, 11]);
  expect(err).toContain("nothing lost");
  expect(err).not.toContain("20,000 frames");
});

test("a reader that leaves a live camera loses frames, which is told", async () => {
  const { code, err } = await run(
    `mote run ${camera} --fps 200 --frames 20000 then ${track} then archive --to csv --out - | head -n 3`,
  );
  expect(code).toBe(3);
  expect(err).toContain("left by the reader of a live stream");
});

test("a reader that goes away does not end what is written to files beside", async () => {
  const { code, err } = await run(
    `mote run ${camera} --frames 500 then ${track} then archive --to csv --out - --out beside.mote | head -n 1 && mote verify beside.mote > verdict`,
  );
  expect(code, err).toBe(0);
  expect(err).toContain("the reader of stdout went away; nothing more is written there");
  expect(readFileSync(join(folder, "verdict"), "utf8")).toContain("500 frames");
});

test("what goes to stdout has to be said, once, and by a format that can be written there", async () => {
  const refused = [
    ["--out -", "archive, --out -: nothing says what to write there"],
    ["--to hdf5 --out -", "archive, --to: expected"],
    ["--to csv --out a.csv", "archive, --to csv: no --out is stdout"],
    ["--to csv --out - --out -", "archive, --out -: is given twice"],
    ["--to csv --out - --root .", "archive, --out -: expected a kind of file"],
  ];
  for (const [words, message] of refused) {
    const { code, err } = await mote(`archive ${words} --input ${tracked}`);
    expect(err, words).toContain(message);
    expect(code, words).toBe(2);
  }
});

test("stdout that is the file that is read is refused, and the file stays as it is", async () => {
  const { code, err, out } = await run(
    `cp ${tracked} own.mote && mote archive --to csv --out - < own.mote 1<> own.mote; echo $? >&2; cmp own.mote ${tracked}`,
  );
  expect(err).toContain("is a file that this run reads");
  expect(err).toMatch(/^2$/m);
  expect(out).toBe("");
  expect(code).toBe(0);
});
