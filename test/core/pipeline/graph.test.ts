/** What is wrong with a run's shape is told at once, and what is right is put in order. */
import { describe, expect, test } from "vitest";
import type { Problem } from "../../../src/core/errors.js";
import { type GraphRequest, graphOf, pathTo } from "../../../src/core/pipeline/graph.js";

/** "source a", "sink c from a": role, label and where its frames come from; the stage's name is the label without its digits. */
function graph(...lines: readonly string[]) {
  return graphOf(
    lines.map((line): GraphRequest => {
      const [role, label, , from] = line.split(" ") as [GraphRequest["role"], string, string?, string?];
      return { label, name: label.replace(/\d/g, ""), role, at: `at ${label}`, from };
    }),
  );
}

function problemsOf(...lines: readonly string[]): readonly string[] {
  const found = graph(...lines);
  return "order" in found ? [] : (found as readonly Problem[]).map(({ where, what }) => `${where}: ${what}`);
}

test("stages in a row stay in their order, each fed by the one before it", () => {
  expect(graph("source a", "transform b", "sink c")).toEqual({ order: [0, 1, 2], parents: [-1, 0, 1] });
});

test("a branch begins at a label, or at a name that one stage alone has", () => {
  const lines = ["source cam1", "transform find1", "sink keep1", "sink keep2 from cam", "sink keep3 from find1"];
  expect(graph(...lines)).toEqual({ order: [0, 1, 2, 3, 4], parents: [-1, 0, 1, 0, 1] });
});

test("a stage may take its frames from one that is written below it", () => {
  const found = graph("sink c from b", "source a", "transform b from a") as { order: number[]; parents: number[] };
  expect(found).toEqual({ order: [1, 2, 0], parents: [-1, 0, 1] });
  expect(pathTo(found.parents, 2)).toEqual([0, 1, 2]);
});

describe("is refused, with where it stands:", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    [
      "a circle",
      ["source a", "sink x", "transform b from c", "transform c from b"],
      ["at b: b, c take their frames from one another in a circle"],
    ],
    ["a stage that feeds itself", ["source a", "sink x", "transform b from b"], ["at b: b takes its own frames"]],
    ["an unknown name", ["source a", "sink x", "sink y from q"], ["at y: there is no stage q to take frames from"]],
    [
      "a name that two stages have",
      ["source a", "transform b1", "transform b2", "sink x", "sink y from b"],
      ["at y: there is no stage b to take frames from"],
    ],
    ["two sources", ["source a", "sink x", "source b", "sink y"], ["at b: a run has one source, this is another"]],
    [
      "a branch from a sink",
      ["source a", "sink x", "sink y from x"],
      ["at y: x is a sink and passes no frames on to a sink"],
    ],
    [
      "a stage behind a sink",
      ["source a", "sink x", "transform b", "sink y"],
      ["at x: a sink can only be the last stage"],
    ],
    ["a label twice", ["source a", "sink x", "sink x from a"], ["at x: the name x is taken by an earlier stage"]],
    [
      "a source that takes frames",
      ["source a from a", "sink x"],
      ["at a: a source takes no frames, and a shall have those of a"],
    ],
    ["a transform at the end", ["source a", "transform b"], ["at b: a transform cannot be the last stage"]],
    ["frames that nobody takes", ["source a", "transform b", "sink x from a"], ["at b: nothing takes the frames of b"]],
    ["no source", ["transform b", "sink x"], ["at b: a transform cannot be the first stage"]],
    [
      "all of it at once",
      ["source a", "sink x", "source b", "sink x from q", "sink z from x"],
      [
        "at x: the name x is taken by an earlier stage",
        "at x: there is no stage q to take frames from",
        "at b: a run has one source, this is another",
        "at z: x is a sink and passes no frames on to a sink",
        "at b: nothing takes the frames of b",
      ],
    ],
  ])("%s", (_, lines, expected) => {
    expect(problemsOf(...lines)).toEqual(expected);
  });
});
