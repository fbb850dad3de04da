/** Stages that hold something, on real threads: scripted ones, which need the build. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { refusal } from "../../../src/core/errors.js";
import { type Connection, Held } from "../../../src/core/held.js";
import { Connections } from "../../../src/core/pipeline/connections.js";
import type { PlannedStage } from "../../../src/core/pipeline/negotiate.js";
import { anyOutcomeOf, outcomeOf, scripted, start } from "./scripted-run.js";

/** Stages that do nothing but connect. */
function connecting(stages: Readonly<Record<string, () => Partial<Connection>>>): PlannedStage[] {
  return Object.entries(stages).map(([label, connect]) => {
    const stage = { connect: () => ({ data: label, disconnect() {}, ...connect() }) };
    return { label, plan: {}, stage } as unknown as PlannedStage;
  });
}

const logged = (log: string[], name: string) => (how: string) => void log.push(`${name} ${how}`);

test("stages connect in their order and are disconnected in the reverse one, once", async () => {
  const log: string[] = [];
  const held = new Held();
  const connections = new Connections(held);
  await connections.connect(
    connecting({
      light: () => ({ disconnect: logged(log, "light"), data: { port: 7 } }),
      camera: () => ({ disconnect: logged(log, "camera") }),
    }),
  );
  expect([connections.dataFor(0), connections.dataFor(1), connections.dataFor(2)]).toEqual([
    { port: 7 },
    "camera",
    undefined,
  ]);
  expect(await connections.disconnect("in-order")).toEqual([]);
  expect([await connections.disconnect("abrupt"), held.releaseAll()]).toEqual([[], []]);
  expect(log).toEqual(["camera in-order", "light in-order"]);
});

test("when a stage cannot connect, those before it are let go in order, and what it held itself is in the list", async () => {
  const log: string[] = [];
  const held = new Held();
  const stages = connecting({
    light: () => ({ disconnect: logged(log, "light") }),
    camera: () => {
      held.hold("half a camera", () => log.push("half a camera"), "survives");
      throw refusal("file-changed", "camera", "is not there");
    },
  });
  await expect(new Connections(held).connect(stages)).rejects.toThrow("camera: is not there");
  expect([log, held.names]).toEqual([["light in-order"], ["half a camera"]]);
});

test("an exit while a stage is let go in order lets it go abruptly, with all that are still held", async () => {
  const log: string[] = [];
  const held = new Held();
  const connections = new Connections(held);
  const slow = (how: string) => {
    log.push(`camera ${how}`);
    return how === "in-order" ? new Promise<void>(() => {}) : undefined;
  };
  await connections.connect(
    connecting({
      light: () => ({ disconnect: logged(log, "light") }),
      camera: () => ({ disconnect: slow as Connection["disconnect"] }),
    }),
  );
  void connections.disconnect("in-order");
  held.releaseAll();
  expect(log).toEqual(["camera in-order", "camera abrupt", "light abrupt"]);
});

test("a stage that cannot be let go in order is let go abruptly and told; one that cannot be woken ends nothing", async () => {
  const log: string[] = [];
  const connections = new Connections(new Held());
  const stuck = (how: string) => {
    log.push(`shutter ${how}`);
    if (how === "in-order") throw new Error("it is stuck");
  };
  const wake = () => {
    throw new Error("it has gone");
  };
  await connections.connect(
    connecting({
      light: () => ({ disconnect: logged(log, "light"), wake: () => void log.push("light wakes") }),
      shutter: () => ({ disconnect: stuck, wake }),
    }),
  );
  connections.wake();
  connections.wake(1);
  const failed = await connections.disconnect("in-order");
  expect(failed.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^shutter: what it held could not be let go: it is stuck/),
  ]);
  expect(log).toEqual(["light wakes", "shutter in-order", "shutter abrupt", "light in-order"]);
});

test("an abort lets go at once of what could do harm, and leaves the rest to the threads", async () => {
  const log: string[] = [];
  const connections = new Connections(new Held());
  await connections.connect(
    connecting({
      light: () => ({ disconnect: logged(log, "light") }),
      pipe: () => ({ disconnect: logged(log, "pipe"), lifetime: "ends-with-process" }),
      shutter: () => ({ disconnect: logged(log, "shutter") }),
    }),
  );
  connections.abort();
  expect(log).toEqual(["shutter abrupt", "light abrupt"]);
  expect(await connections.disconnect("abrupt")).toEqual([]);
  expect(log).toEqual(["shutter abrupt", "light abrupt", "pipe abrupt"]);
});

test("an abort reaches the thing while a thread is in a call that nothing ends", async () => {
  const { waiter } = scripted;
  const own = waiter!.connect!;
  let wake = () => {};
  const lettingGo = new Promise<string>((letGo) => {
    waiter!.connect = async (...given) => {
      const connection = (await own(...given))!;
      wake = () => connection.wake!();
      return { data: connection.data, disconnect: letGo as Connection["disconnect"] };
    };
  });
  const started = await start([
    ["waiter", {}],
    ["collect", {}],
  ]).finally(() => {
    waiter!.connect = own;
  });
  await started.reached("collect", 1);
  started.control.abort();
  expect(await lettingGo).toBe("abrupt");
  wake();
  expect((await started.outcome).failure).toBeNull();
});

test("a source that waits in a call of its own is woken when the run drains", async () => {
  const started = await start([
    ["waiter", {}],
    ["collect", {}],
  ]);
  await started.reached("collect", 1);
  started.control.drain();
  const { collected, stage } = await outcomeOf(started);
  expect([collected.count, stage.waiter?.summary]).toEqual([1, { woken: true }]);
});

test("a source that waits in a call of its own is woken when a stage behind it fails", async () => {
  const signal = join(mkdtempSync(join(tmpdir(), "mote-woken-")), "waits");
  const started = await start([
    ["waiter", {}],
    ["collect", { failAt: 0, waitAt: 0, signal }],
  ]);
  await started.waits("waiter");
  writeFileSync(signal, "");
  const { failure, stage } = await anyOutcomeOf(started);
  expect([failure?.message, stage.waiter?.summary]).toEqual([
    expect.stringContaining("the scripted disk is full"),
    { woken: true },
  ]);
});
