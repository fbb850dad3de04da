/** What is refused of options in a file names the file, the stage and the option as somebody wrote it there. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { everyRun, takeEvery } from "../../../src/core/cli/every-option.js";
import { rethrowSpelled } from "../../../src/core/cli/option-files.js";
import { failure, MoteError, refusal } from "../../../src/core/errors.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-option-files-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function placesOf(work: () => never): readonly string[] {
  try {
    return work();
  } catch (error) {
    return (error as MoteError).problems.map(({ where }) => where);
  }
}

test("an option of a --config file is named as it is spelled there; one that was typed beside it, as it was typed", async () => {
  const config = join(folder, "options.json");
  writeFileSync(config, '{ "hdf5-filter": "lzma", "minFree": "much", "split": "often" }');
  const { spell, raw } = await takeEvery("archive", { config, split: "never" }, everyRun);
  expect(raw).toMatchObject({ hdf5Filter: "lzma", minFree: "much", split: "never" });
  const places = [
    "archive, --hdf5-filter",
    "archive, --min-free much",
    "archive, --split",
    "archive, --out a.h5",
    "archive",
  ];
  const error = new MoteError(
    places.map((where) => ({ code: "bad-option", where, what: "is wrong" })),
    { exitCode: 2 },
  );
  expect(placesOf(() => rethrowSpelled(error, spell))).toEqual([
    `archive, --config ${config}, hdf5-filter`,
    `archive, --config ${config}, minFree much`,
    "archive, --split",
    "archive, --out a.h5",
    "archive",
  ]);
});

test("places that are no option's are put behind the file, and failures while running stay as they are", () => {
  const spell = () => undefined;
  const refused = refusal("bad-option", "track, stdin", "is wrong");
  expect(placesOf(() => rethrowSpelled(refused, spell, "run.json"))).toEqual(["run.json, track, stdin"]);
  const failed = failure("bad-option", "archive, --out a.h5", "is wrong");
  expect(placesOf(() => rethrowSpelled(failed, () => "elsewhere", "run.json"))).toEqual(["archive, --out a.h5"]);
});
