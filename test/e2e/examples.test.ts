/** Every example of every command runs as it stands in the help. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadVerb, verbNames } from "../../src/commands/index.js";
import { openShell, root } from "./shell.js";

const verbs = await Promise.all(verbNames.map(async (name) => (await loadVerb(name))!));
const declarations = verbs.map((verb) => (verb.kind === "stage" ? verb.stage : verb.command));

test.each(declarations.flatMap(({ name, examples }) => examples.map(({ cmd, shows }) => [name, cmd, shows] as const)))(
  "%s: the example `mote %s` runs",
  async (_, cmd) => {
    const shell = openShell("example");
    for (const folder of ["fixtures", "examples"])
      cpSync(join(root, folder), join(shell.folder, folder), { recursive: true });
    const result = await (/[|<>']/.test(cmd) ? shell.run(`mote ${cmd}`) : shell.mote(cmd));
    expect(result.err).not.toContain("error:");
    expect(result.code).toBe(0);
  },
);
