/** Help fits where it is read, and speaks of everything that may be typed. */
import { expect, test } from "vitest";
import { loadVerb, verbNames } from "../../../src/commands/index.js";
import { buildCommander } from "../../../src/core/cli/command-line.js";
import { paragraph } from "../../../src/core/cli/paragraph.js";
import { stageSyntax } from "../../../src/core/cli/stage-syntax.js";
import { commandSyntax, optionsOfSyntax, type VerbSyntax } from "../../../src/core/cli/verb-syntax.js";

const syntaxes: readonly VerbSyntax[] = await Promise.all(
  verbNames.map(async (name) => {
    const verb = (await loadVerb(name))!;
    return verb.kind === "stage" ? stageSyntax(verb.stage, true) : commandSyntax(verb.command);
  }),
);

function helpOf(syntax: VerbSyntax, width?: number): string {
  let text = "";
  const writeOut = (part: string) => {
    text += part;
  };
  buildCommander(syntax, width).configureOutput({ writeOut }).outputHelp();
  return text;
}

test.each([60, 80, 100])(
  "no line of help but a command to be copied, or one word, is longer than %i columns",
  (width) => {
    for (const syntax of syntaxes) {
      const long = helpOf(syntax, width)
        .split("\n")
        .filter((line) => line.length > width && !/^ {2}mote |^Usage: /.test(line) && line.trim().includes(" "));
      expect(long, syntax.name).toEqual([]);
    }
  },
);

test("help says what the files are that a command is given by name alone", () => {
  for (const syntax of syntaxes) {
    const spec = syntax.positional === undefined ? undefined : optionsOfSyntax(syntax)[syntax.positional];
    if (spec) expect(helpOf(syntax, 10_000), syntax.name).toContain(spec.doc);
  }
});

test("a paragraph keeps its words and its beginning, and indents the lines behind the first", () => {
  expect(paragraph("  one    two three four", 14, 4)).toBe("  one    two\n    three four");
  expect(paragraph("longer-than-the-line it is", 6, 2)).toBe("longer-than-the-line\n  it\n  is");
  expect(paragraph("", 10)).toBe("");
});
