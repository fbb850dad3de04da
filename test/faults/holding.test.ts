/** What a stage holds of the world is let go on every exit: a port, a child and a lock, in real processes. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { openShell } from "../e2e/shell.js";
import { stackTrace } from "../stack-trace.mjs";
import { until } from "../until.js";

const holding = `--import ${resolve("test/faults/holding-stage.mjs")}`;
const dying = `--import ${resolve("test/faults/dying-worker.mjs")}`;
const unjoined = resolve("test/faults/unjoined.mjs");
const camera = "acquire --camera sim --size 32x32 --beads 1";
const rest = "then track --diameter 11 --workers 1 then archive --out t.csv";

interface Exit {
  readonly fault?: string;
  /** Of the camera; without, it goes on until it is told to end. */
  readonly frames?: number;
  readonly preload?: string;
  readonly environment?: string;
  /** What the shell does while the process $P is there. */
  readonly meanwhile?: string;
  readonly code: number;
  readonly how: readonly ("in-order" | "abrupt")[];
}

const runs = `wait-for 'the run' '[ -e began ]'`;
const isDraining = `wait-for 'the drain' 'grep -q interrupted: err'`;
const interrupted = `${runs}; kill -INT $P; ${isDraining}`;

async function endOf({ fault = "none", frames, preload = holding, environment = "", meanwhile = "", code, how }: Exit) {
  const shell = openShell("holding");
  const pace = frames === undefined ? "--fps 200" : `--frames ${frames}`;
  const { out } = await shell.run(
    `export NODE_OPTIONS='${preload}' HOLDING_FAULT='${fault}' ${environment}
    node ${unjoined} run ${camera} ${pace} ${rest} 2> err & P=$!
    export P; unset NODE_OPTIONS; ${meanwhile || ":"}; wait $P; echo code $?`,
  );
  const err = readFileSync(join(shell.folder, "err"), "utf8");
  expect(out, err).toBe(`code ${code}`);
  const there = (name: string) => existsSync(join(shell.folder, name));
  const told = there("how") ? readFileSync(join(shell.folder, "how"), "utf8").trim().split("\n") : [];
  expect([there("port"), there("lock"), told]).toEqual([false, false, how]);
  const child = there("child") ? Number(readFileSync(join(shell.folder, "child"), "utf8")) : undefined;
  await until(() => child === undefined || isGone(child), { what: "the child to end" });
  return { err, began: there("began") };
}

/** Also one that has ended and that nobody has asked about yet. */
function isGone(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return true;
  }
}

test.each<[string, Exit]>([
  ["in order", { frames: 5, code: 0, how: ["in-order"] }],
  ["after another stage failed", { fault: "another fails", frames: 40, code: 1, how: ["in-order"] }],
  ["after one interrupt", { meanwhile: `${runs}; kill -INT $P`, code: 0, how: ["in-order"] }],
  ["after SIGTERM", { meanwhile: `${runs}; kill -TERM $P`, code: 0, how: ["in-order"] }],
  ["after SIGHUP", { meanwhile: `${runs}; kill -HUP $P`, code: 0, how: ["in-order"] }],
  [
    "after two interrupts, the threads of which see the second",
    { fault: "another is slow", meanwhile: `${interrupted}; kill -INT $P`, code: 130, how: ["abrupt"] },
  ],
  [
    "after two interrupts, a thread of which sees neither",
    {
      fault: "another is stuck",
      meanwhile: `wait-for 'a thread to be stuck' '[ -e stuck ]'; kill -INT $P; ${isDraining}; kill -INT $P`,
      code: 130,
      how: ["abrupt"],
    },
  ],
  [
    "after two interrupts, the second of which comes while it lets go in order",
    {
      fault: "disconnecting hangs",
      meanwhile: `${interrupted}; wait-for 'it to let go' '[ -e how ]'; kill -INT $P`,
      code: 130,
      how: ["in-order", "abrupt"],
    },
  ],
  ["by a defect that nobody caught", { fault: "a defect", code: 1, how: ["abrupt"] }],
])("a run that ends %s holds nothing any more", async (_, exit) => {
  expect(await endOf(exit)).toMatchObject({ began: true });
});

test("a run that ends by the death of another stage's thread holds nothing any more", async () => {
  const preload = `${holding} ${dying}`;
  const { err } = await endOf({ preload, environment: "DYING_STAGE=track DYING_AT=9", code: 1, how: ["abrupt"] });
  expect(err).toMatch(/error: track: its thread died/);
});

test("when another stage refuses to connect, what was connected is let go in order", async () => {
  const { err, began } = await endOf({ fault: "another cannot connect", code: 2, how: ["in-order"] });
  expect(err).toMatch(/^error: archive: its device is not there/);
  expect(began).toBe(false);
});

test.each([
  ["INT", 130],
  ["TERM", 143],
  ["HUP", 129],
])("one SIG%s while the stages connect lets everything go", async (signal, code) => {
  const meanwhile = `wait-for 'the second to connect' '[ -e connecting ]'; kill -${signal} $P`;
  const { began } = await endOf({ fault: "another takes long to connect", meanwhile, code, how: ["abrupt"] });
  expect(began).toBe(false);
});

test("what cannot be let go in order is let go abruptly, and fails the run in its own words", async () => {
  const { err } = await endOf({ fault: "disconnecting fails", frames: 5, code: 1, how: ["in-order", "abrupt"] });
  expect(err).toMatch(/error: acquire: what it held could not be let go: the shutter is stuck/);
  expect(err).not.toMatch(stackTrace);
});

test.each([
  ["INT", 130],
  ["TERM", 143],
  ["HUP", 129],
])("one SIG%s to a reader that listens for its writer leaves neither socket nor lock", async (signal, code) => {
  const shell = openShell("listening");
  const { out } = await shell.run(
    `mote archive --input unix:s --out t.csv 2> err & P=$!; wait-for 'it to listen' '[ -S s ]'; kill -${signal} $P; wait $P; echo code $?; ls -A`,
  );
  expect(out).toBe(`code ${code}\nerr`);
});
