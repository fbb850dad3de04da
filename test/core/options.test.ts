import { expect, test } from "vitest";
import { decodeOptions } from "../../src/core/option/decode-options.js";
import { camel, kebab, nearestName } from "../../src/core/option/names.js";
import { absent, given, inGroup, onlyWith, option } from "../../src/core/option/option.js";
import { ruleText } from "../../src/core/option/rules.js";

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
    {
      code: "bad-option",
      where: "track, --diameter",
      what: "is required: an odd whole number, at least 3, or two for y,x",
      hint: "Size.",
    },
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

const ruled = {
  camera: option.choice(["sim", "exec"], { doc: "Driver." }),
  locator: option.choice(["particle", "ring"], { doc: "What.", default: "particle" }),
  minmass: option.number({ doc: "Mass.", min: 0, default: 0, only: { locator: "particle" }, instead: "Use a score." }),
  start: option.count({ doc: "First.", min: 0, only: { camera: absent } }),
  width: option.count({ doc: "Width.", min: 1 }),
  height: option.count({ doc: "Height.", min: 1 }),
  overlap: option.count({ doc: "Overlap.", min: 0, only: [{ width: given }, { height: given }] }),
  ...inGroup(
    "Rings:",
    onlyWith(
      { locator: "ring" },
      {
        every: option.count({ doc: "Every.", min: 1 }),
        follow: option.number({ doc: "Follow.", above: 0, only: { every: given } }),
      },
    ),
  ),
};
const rulesBroken = (raw: Record<string, unknown>) => decodeOptions("track", ruled, raw).broken;

test("an option beside which another means nothing is refused with the rule that it declares", () => {
  expect(rulesBroken({ every: "3" })).toEqual([
    {
      code: "option-conflict",
      where: "track, --every",
      what: "means nothing without --locator ring",
      hint: "Add it, or leave --every out.",
    },
  ]);
  expect(rulesBroken({ locator: "ring", minmass: "5" })).toEqual([
    {
      code: "option-conflict",
      where: "track, --minmass",
      what: "means nothing without --locator particle",
      hint: "Use a score.",
    },
  ]);
  expect(rulesBroken({ camera: "sim", start: "4" })).toEqual([
    {
      code: "option-conflict",
      where: "track, --start",
      what: "means nothing with --camera",
      hint: "Leave --start out.",
    },
  ]);
});

test("an option at its default breaks no rule, and of several conditions one is enough", () => {
  expect(rulesBroken({ locator: "ring", minmass: "0" })).toEqual([]);
  expect(rulesBroken({ height: "3", overlap: "1" })).toEqual([]);
  expect(rulesBroken({ overlap: "1" })[0]?.what).toBe("means nothing without --width or without --height");
});

test("an option of a variant keeps its own rule beside the variant's", () => {
  expect(rulesBroken({ locator: "ring", every: "2", follow: "1" })).toEqual([]);
  expect(rulesBroken({ locator: "ring", follow: "1" })[0]?.what).toBe("means nothing without --every");
  expect(rulesBroken({ follow: "1" })[0]?.what).toBe("means nothing without --locator ring and without --every");
});

test("help tells a rule that does not hold by itself", () => {
  expect(ruleText(ruled.minmass, ruled)).toBe("");
  expect(ruleText(ruled.start, ruled)).toBe("");
  expect(ruleText(ruled.overlap, ruled)).toBe("only with --width or with --height");
  expect(ruleText(ruled.follow, ruled)).toBe("only with --locator ring and with --every");
});
