/**
 * A preload in which every stage of a run holds things of the world, in the working directory: a socket that it listens on
 * (`port-LABEL`), a child process that ends with the process (its number in `child-LABEL`) and a lock file (`lock-LABEL`).
 * How each was told to let go is in `how-LABEL`, a line a time. FAILING_STAGE does what FAILING_HOW says, once it has had some
 * frames:
 * - "throws", "dies": its serial part throws, or its thread ends;
 * - "a mapper throws", "a mapper dies": the same of one of its mappers;
 * - "loses its child": the child ends, and the stage fails for it at the next frame;
 * - "cannot close": it throws when it is closed;
 * - "is stuck": it writes the file `stuck` and does not come back.
 */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { isMainThread, workerData } from "node:worker_threads";

const commands = new URL("../../dist/commands/", import.meta.url);
const load = async (name) => (await import(new URL(`${name}.js`, commands)))[name];
const { FAILING_STAGE: failing, FAILING_HOW: how } = process.env;
const framesBefore = 9;

async function hold(_plan, { label }) {
  const childEnded = new Int32Array(new SharedArrayBuffer(4));
  // It ends when its input does, as it also does when this process is killed.
  const child = spawn("cat", [], { stdio: ["pipe", "ignore", "ignore"] });
  child.once("exit", () => {
    Atomics.store(childEnded, 0, 1);
    Atomics.notify(childEnded, 0);
  });
  writeFileSync(`child-${label}`, String(child.pid));
  writeFileSync(`lock-${label}`, "");
  const server = createServer();
  await new Promise((listening) => server.listen(`port-${label}`, listening));
  if (label === failing && how === "loses its child") {
    const looking = setInterval(() => {
      if (!existsSync("began")) return;
      clearInterval(looking);
      child.kill("SIGKILL");
    }, 5);
  }
  return {
    data: childEnded,
    disconnect(kind) {
      appendFileSync(`how-${label}`, `${kind}\n`);
      child.kill("SIGKILL");
      server.close();
      rmSync(`lock-${label}`);
    },
  };
}

/** What the stage does wrong in a call of its own, the `frames` of which it has had. */
function fault(frames, childEnded) {
  if (how === "loses its child") {
    writeFileSync("began", "");
    if (Atomics.wait(childEnded, 0, 0, 60_000) !== "timed-out") throw new Error("its child ended");
  }
  if (frames < framesBefore) return;
  if (how === "throws") throw new Error("the scripted stage broke");
  if (how === "dies") process.exit(7);
  if (how !== "is stuck") return;
  writeFileSync("stuck", "");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_600_000);
}

if (isMainThread) {
  for (const name of ["acquire", "track", "archive", "compress"]) (await load(name)).connect = hold;
} else if (workerData?.label === failing && workerData.stageName) {
  const stage = await load(workerData.stageName);
  const { open, openMapper } = stage;
  stage.open = async (plan, context) => {
    // One frame at a time: the fault is at one of them.
    const { pushTogether: _, mostTogether: __, next, push, close, ...instance } = await open(plan, context);
    let frames = 0;
    return {
      ...instance,
      next(frame) {
        fault(frames++, context.connection);
        return next(frame);
      },
      push(frame, product) {
        fault(frames++, context.connection);
        return push(frame, product);
      },
      async close(failed) {
        await close?.(failed);
        if (how === "cannot close") throw new Error("the scripted stage does not close");
      },
    };
  };
  if (openMapper)
    stage.openMapper = async (plan, context) => {
      const mapper = await openMapper(plan, context);
      let frames = 0;
      return {
        map(frame, product) {
          if (frames++ === 2 && how === "a mapper throws") throw new Error("the scripted mapper broke");
          if (frames > 2 && how === "a mapper dies") process.exit(7);
          mapper.map(frame, product);
        },
      };
    };
}
