import { expect, test } from "vitest";
import { Held } from "../../src/core/held.js";

/** Enters things that say when they are let go; those named in `failing` cannot be. */
function holding(held: Held, log: string[], failing: readonly string[] = []) {
  return (what: string, lifetime: "survives" | "ends-with-process" = "survives") =>
    held.hold(
      what,
      () => {
        log.push(what);
        if (failing.includes(what)) throw new Error(`${what} is stuck`);
      },
      lifetime,
    );
}

test("everything is let go in the reverse order, once, whatever cannot be", () => {
  const log: string[] = [];
  const held = new Held();
  const hold = holding(held, log, ["shutter"]);
  for (const what of ["laser", "shutter", "port"]) hold(what);
  expect(held.names).toEqual(["laser", "shutter", "port"]);
  expect(held.releaseAll()).toEqual([{ what: "shutter", error: new Error("shutter is stuck") }]);
  expect(held.releaseAll()).toEqual([]);
  expect([log, held.names]).toEqual([["port", "shutter", "laser"], []]);
});

test("what was taken over is its taker's, and what was let go is let go once", () => {
  const log: string[] = [];
  const held = new Held();
  const hold = holding(held, log);
  const [pipe, lock] = [hold("pipe"), hold("lock")];
  held.takeOver(pipe);
  held.release(lock);
  held.release(lock);
  held.release(pipe);
  expect([log, held.releaseAll()]).toEqual([["lock"], []]);
});

test("a thing whose letting go ends in letting all go is let go once", () => {
  const log: string[] = [];
  const held = new Held();
  holding(held, log)("first");
  held.hold(
    "second",
    () => {
      log.push("second");
      held.releaseAll();
    },
    "survives",
  );
  expect(held.releaseAll()).toEqual([]);
  expect(log).toEqual(["second", "first"]);
});

test("it is told when the first thing comes that outlives the process and when the last has gone", () => {
  const told: boolean[] = [];
  const held = new Held((areThere) => void told.push(areThere));
  const hold = holding(held, [], ["lock"]);
  hold("descriptor", "ends-with-process");
  expect(told).toEqual([]);
  const socket = hold("socket");
  const lock = hold("lock");
  held.release(socket);
  expect(told).toEqual([true]);
  expect(() => held.release(lock)).toThrow("lock is stuck");
  expect(told).toEqual([true, false]);
});
