import { expect, test } from "vitest";
import { decodeOptions } from "../../src/core/option/decode-options.js";
import { camel, kebab, nearestName } from "../../src/core/option/names.js";
import { option } from "../../src/core/option/option.js";

const specs = {
  diameter: option.perAxis({ doc: "Size.", min: 3, odd: true, required: true }),
  exposure: option.number({ doc: "Time.", unit: "ms", above: 0, default: 10 }),
  memory: option.count({ doc: "Frames.", min: 0, default: 0 }),
  out: option.list(option.path({ doc: "File." })),
  camera: option.choice(["sim", "exec"], { doc: "Driver." }),
  invert: option.flag({ doc: "Dark.", default: false }),
};

function decode(raw: Record<string, unknown>) {
  return decodeOptions("track", specs, raw);
}

test("text from the shell and values from a run file decode alike", () => {
  const shell = decode({
    diameter: "21,15",
    exposure: "0.5s",
    memory: "3",
    out: ["a.h5"],
    camera: "sim",
    invert: true,
  });
  const file = decode({ diameter: [21, 15], exposure: 500, memory: 3, out: "a.h5", camera: "sim", invert: true });
  expect(shell.problems).toEqual([]);
  expect(shell.options).toEqual(file.options);
  expect(shell.options).toEqual({
    diameter: { y: 21, x: 15 },
    exposure: 500,
    memory: 3,
    out: ["a.h5"],
    camera: "sim",
    invert: true,
  });
});

test("every mistake is told at once, each with its option's name", () => {
  const { problems } = decode({ diameter: "20", exposure: "-1", memory: "1.5", camera: "simm", serach: "1" });
  expect(problems.map((problem) => problem.where)).toEqual([
    "track, --serach",
    "track, --diameter",
    "track, --exposure",
    "track, --memory",
    "track, --camera",
  ]);
  expect(problems[1]).toMatchObject({ what: "expected an odd whole number, at least 3, or two for y,x, got 20" });
});

test("a required option that is missing is told with what it has to be", () => {
  expect(decode({}).problems).toEqual([
    { where: "track, --diameter", what: "is required: an odd whole number, at least 3, or two for y,x", hint: "Size." },
  ]);
});

test("a mistyped option is told the nearest name", () => {
  expect(decode({ diameter: 5, diametre: "3" }).problems[0]?.hint).toBe("Did you mean --diameter?");
  expect(nearestName("serach-range", ["search-range", "separation"])).toBe("search-range");
  expect(nearestName("zzz", ["search-range"])).toBeUndefined();
});

test("numbers that are none are refused: empty, infinite, with a wrong unit", () => {
  for (const exposure of ["", "Infinity", "NaN", "3px", "1e999", null, {}]) {
    const { problems } = decode({ diameter: 3, exposure });
    expect(exposure === null ? [] : problems.map((p) => p.where)).toEqual(
      exposure === null ? [] : ["track, --exposure"],
    );
  }
});

test("names survive the way from camelCase to kebab-case and back", () => {
  for (const name of ["searchRange", "maxIterations", "topn", "hdf5Filter"]) expect(camel(kebab(name))).toBe(name);
});
