/**
 * A preload in which `acquire` holds things of the world while it runs, in the working directory: a socket that it listens on
 * (`port`), a child process (its number in `child`) and a lock file (`lock`). How it was told to let go is in `how`, a line a
 * time; `began` is there once its thread has what the connection gave it. HOLDING_FAULT says what another stage, or the
 * process, does wrong.
 */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { isMainThread } from "node:worker_threads";

const commands = new URL("../../dist/commands/", import.meta.url);
const load = async (name) => (await import(new URL(`${name}.js`, commands)))[name];
const [acquire, archive] = await Promise.all([load("acquire"), load("archive")]);
const { refusal } = await import(new URL("../core/errors.js", commands));
const fault = process.env.HOLDING_FAULT;

async function hold() {
  const child = spawn("sleep", ["3600"], { stdio: "ignore" });
  writeFileSync("child", String(child.pid));
  writeFileSync("lock", "");
  const server = createServer();
  await new Promise((listening) => server.listen("port", listening));
  return {
    data: { port: "port" },
    async disconnect(how) {
      appendFileSync("how", `${how}\n`);
      if (how === "in-order" && fault === "disconnecting hangs") await new Promise(() => {});
      child.kill("SIGKILL");
      server.close();
      rmSync("lock");
      if (how === "in-order" && fault === "disconnecting fails") throw new Error("the shutter is stuck");
    },
  };
}

/** Waits like a call that nothing can interrupt. */
function napMs(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

if (isMainThread) {
  acquire.connect = hold;
  if (fault === "another cannot connect")
    archive.connect = () => {
      throw refusal("io-failed", "archive", "its device is not there");
    };
  if (fault === "another takes long to connect")
    archive.connect = async () => {
      writeFileSync("connecting", "");
      await new Promise((connected) => setTimeout(connected, 3_600_000));
    };
  if (fault === "a defect") {
    const looking = setInterval(() => {
      if (!existsSync("began")) return;
      clearInterval(looking);
      throw new Error("what nobody caught");
    }, 5);
  }
} else {
  const { open } = acquire;
  acquire.open = async (plan, context) => {
    if (context.connection?.port !== "port") throw new Error("there is no connection");
    const instance = await open(plan, context);
    const { next } = instance;
    return {
      ...instance,
      next(frame) {
        writeFileSync("began", "");
        return next(frame);
      },
    };
  };
  const openArchive = archive.open;
  archive.open = async (plan, context) => {
    // One frame at a time: the fault is in one of them.
    const { pushTogether: _, mostTogether: __, ...instance } = await openArchive(plan, context);
    return {
      ...instance,
      push(frame, product) {
        if (fault === "another fails" && frame.header.frameNumber === 3) throw new Error("the scripted sink broke");
        if (fault === "another is slow") napMs(100);
        if (fault === "another is stuck") {
          writeFileSync("stuck", "");
          napMs(3_600_000);
        }
        return instance.push(frame, product);
      },
    };
  };
}
