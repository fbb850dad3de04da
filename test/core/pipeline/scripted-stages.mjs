// Stages for testing the runner, and the thread entry that loads them. Plain JavaScript: worker threads run it as it stands.
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { hasItsPixels } from "../../../dist/core/memory/pixel-checksum.js";
import { runStageThread } from "../../../dist/core/pipeline/stage-thread.js";
import { later, now } from "../../../dist/core/time.js";

function napMs(ms) {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function waitForFile(path) {
  for (let waitedMs = 0; !existsSync(path); waitedMs += 5) {
    if (waitedMs > 20_000) throw new Error("nobody gave the scripted camera its signal");
    napMs(5);
  }
}

const any = {
  doc: "Anything.",
  only: [],
  metavar: "x",
  expected: "anything",
  isRequired: false,
  isRepeatable: false,
  isFlag: false,
  schema: {},
  decode: (value) => ({ value }),
};
const anything = (...names) => Object.fromEntries(names.map((name) => [name, any]));

const counter = {
  name: "counter",
  role: "source",
  summary: "Frames whose pixels hold their number.",
  options: anything(
    "frames",
    "edge",
    "delayMs",
    "isLive",
    "gapAt",
    "failAt",
    "noteEvery",
    "waitAt",
    "signal",
    "signalAt",
    "sleepAt",
    "rateHz",
    "says",
    "isRelay",
    "settledTo",
  ),
  examples: [],
  negotiate(_, options) {
    const edge = options.edge ?? 16;
    const output = {
      pixelFormat: "uint16",
      shape: { height: edge, width: edge },
      bitDepth: 16,
      hasFrames: true,
      detections: null,
      isLinked: false,
      pixelSizeUm: null,
      rateHz: options.rateHz ?? null,
      frameCount: options.frames ?? null,
      isLive: options.isLive ?? false,
      source: {},
      calibration: null,
      producedBy: [],
    };
    return {
      output,
      settles: options.settledTo !== undefined,
      plan: {
        settledTo: options.settledTo ?? null,
        frames: options.frames ?? Infinity,
        edge,
        delayMs: options.delayMs ?? 0,
        gapAt: options.gapAt ?? -1,
        failAt: options.failAt ?? -1,
        noteEvery: options.noteEvery ?? 0,
        waitAt: options.waitAt ?? -1,
        signal: options.signal ?? null,
        signalAt: options.signalAt ?? -1,
        sleepAt: options.sleepAt ?? -1,
        says: options.says ?? {},
        isRelay: options.isRelay ?? false,
      },
    };
  },
  open(plan, context) {
    let made = 0;
    let number = 0;
    return {
      next(frame) {
        if (made >= plan.frames) return "end";
        if (made === plan.failAt) throw new Error("the scripted camera broke");
        napMs(plan.delayMs);
        if (made === plan.waitAt) waitForFile(plan.signal);
        if (made === plan.signalAt) writeFileSync(plan.signal, "");
        if (made === plan.sleepAt) context.clock.sleepMs(3_600_000);
        if (plan.noteEvery && made % plan.noteEvery === 0)
          context.emit({ event: "note", text: "scripted", before: number });
        if (made === plan.gapAt) {
          context.emit({ event: "gap", firstFrame: number, count: 3, reason: "device gap" });
          number += 3;
        }
        frame.header.reset("uint16", plan.edge, plan.edge, plan.edge * 2, 16);
        frame.header.frameNumber = number;
        frame.pixels.fill(number & 0xffff);
        frame.rowCount = -1;
        made++;
        number++;
        return "frame";
      },
      ...(plan.settledTo && {
        settled(settlements) {
          for (const one of settlements) appendFileSync(plan.settledTo, `${JSON.stringify({ made, ...one })}\n`);
        },
      }),
      summary: () => ({ made, ...plan.says }),
      ...(plan.isRelay && { upstreamEnd: () => ({ isComplete: true, lost: 3, stages: [] }) }),
    };
  },
};

/** One frame, and then it waits for what nobody but its connection ends. */
const waiter = {
  name: "waiter",
  role: "source",
  summary: "Waits in a call of its own.",
  options: {},
  examples: [],
  negotiate: () => counter.negotiate(null, {}),
  connect() {
    const words = new Int32Array(new SharedArrayBuffer(4));
    return {
      data: words,
      wake() {
        Atomics.store(words, 0, 1);
        Atomics.notify(words, 0);
      },
      disconnect() {},
    };
  },
  open(plan, context) {
    const instance = counter.open({ ...plan, frames: 1 }, context);
    let woken = false;
    return {
      next(frame) {
        if (instance.summary().made === 0) return instance.next(frame);
        woken = Atomics.wait(context.connection, 0, 0, 30_000) !== "timed-out";
        return "stopped";
      },
      summary: () => ({ woken }),
    };
  },
};

const mark = {
  name: "mark",
  role: "transform",
  summary: "Mappers of uneven speed write one detection a frame; the serial part drops what it is told to.",
  options: anything(
    "mappers",
    "dropEvery",
    "failEvery",
    "unevenMs",
    "mapFailAt",
    "mapWaitAt",
    "signal",
    "pushFailAt",
    "holdFrom",
  ),
  examples: [],
  negotiate(input, options) {
    return {
      output: {
        ...input,
        detections: { columns: ["x", "y", "mass", "ecc", "size", "signal", "raw_mass", "ep", "particle_id"] },
      },
      plan: {
        dropEvery: options.dropEvery ?? 0,
        failEvery: options.failEvery ?? 0,
        unevenMs: options.unevenMs ?? 0,
        mapFailAt: options.mapFailAt ?? -1,
        mapWaitAt: options.mapWaitAt ?? -1,
        signal: options.signal ?? null,
        pushFailAt: options.pushFailAt ?? -1,
        holdFrom: options.holdFrom ?? Infinity,
      },
      needs: { mappers: options.mappers ?? 2, detectionRows: 1, heldFrames: 50 },
    };
  },
  open(plan) {
    return {
      push(frame) {
        if (frame.rowCount !== 1) throw new Error("a frame came that no mapper saw");
        if (frame.header.frameNumber === plan.pushFailAt) throw new Error("the scripted transform broke");
        if (frame.header.frameNumber >= plan.holdFrom) return "held";
        if (plan.failEvery && frame.header.frameNumber % plan.failEvery === 0) return { failed: "scripted" };
        return plan.dropEvery && frame.header.frameNumber % plan.dropEvery === 0 ? { drop: "scripted" } : undefined;
      },
      summary: () => ({}),
    };
  },
  openMapper(plan) {
    return {
      map(frame) {
        napMs((plan.unevenMs * ((frame.header.frameNumber * 7919) % 5)) / 4);
        if (frame.header.frameNumber === plan.mapWaitAt) waitForFile(plan.signal);
        if (frame.header.frameNumber === plan.mapFailAt) throw new Error("the scripted mapper broke");
        frame.rowCount = 1;
        frame.detections[0] = frame.pixels[0];
      },
    };
  },
};

const lift = {
  name: "lift",
  role: "transform",
  summary: "Adds a number to every pixel, in its mappers or in its serial part.",
  options: anything("by", "mappers", "members"),
  examples: [],
  negotiate: (input, { by = 1, mappers = 0, members = 0 }) => ({
    output: input,
    plan: { by, isMapped: mappers + members > 0, isTeam: members > 0 },
    needs: { changesPixels: true, mappers: mappers + members, ...(members > 0 && { teamScratchBytes: 64 }) },
  }),
  open: ({ by, isMapped }) => ({
    push(frame) {
      if (!isMapped) lifted(frame, by);
    },
  }),
  openMapper: ({ by, isTeam }, { team }) => ({
    map(frame) {
      if (!isTeam) return lifted(frame, by);
      team.team.share(
        1,
        () => lifted(frame, by),
        () => 0,
      );
    },
  }),
};

function lifted(frame, by) {
  for (let at = 0; at < frame.pixels.length; at++) frame.pixels[at] += by;
}

const crew = {
  name: "crew",
  role: "transform",
  summary: "A team of mappers shares the pieces of every frame; one piece fails, hangs or dies where it is told to.",
  options: anything("members", "failAt", "hangAt", "crashAt", "unevenMs"),
  examples: [],
  negotiate(input, { members = 3, failAt = -1, hangAt = -1, crashAt = -1, unevenMs = 0 }) {
    return {
      output: { ...input, detections: { columns: ["x"] } },
      plan: { failAt, hangAt, crashAt, unevenMs },
      needs: { mappers: members, teamScratchBytes: 64, detectionRows: 1 },
    };
  },
  open: () => ({
    push(frame) {
      if (frame.rowCount !== 1) throw new Error("a frame came that no team saw");
    },
  }),
  openMapper(plan, context) {
    const { team, scratchOffset } = context.team;
    const done = new Int32Array(context.memory.buffer, scratchOffset, 7);
    let frame;
    function work(piece) {
      const number = frame.header.frameNumber;
      napMs((plan.unevenMs * ((number * 7919 + piece * 31) % 5)) / 4);
      if (piece === 3 && number === plan.failAt) throw new Error("the scripted piece broke");
      if (piece === 3 && number === plan.crashAt) process.exit(7);
      if (piece === 3 && number === plan.hangAt) while (!context.isAborted()) napMs(1);
      Atomics.add(done, piece, 1);
    }
    function finish() {
      if (done.some((times) => times !== 1)) throw new Error(`pieces were done ${done} times`);
      done.fill(0);
      return frame.header.frameNumber;
    }
    return {
      map(given) {
        frame = given;
        const result = team.share(done.length, work, finish);
        if (result !== frame.header.frameNumber) throw new Error("a member got another frame's result");
        frame.rowCount = 1;
        if (team.member === 0) frame.detections[0] = frame.pixels[0];
      },
    };
  },
};

const collect = {
  name: "collect",
  role: "sink",
  summary: "Checks order and content; remembers which frames came.",
  options: anything(
    "lifted",
    "hasChecksums",
    "delayMs",
    "failAt",
    "quietAt",
    "crashAt",
    "signalAt",
    "waitAt",
    "signal",
    "endAt",
    "closeFails",
    "upkeepMs",
    "storesEvery",
    "storesUpTo",
    "failsAt",
  ),
  examples: [],
  negotiate(input, options) {
    return {
      output: input,
      keepsFrames: options.storesEvery !== undefined,
      needs: { pixelChecksums: options.hasChecksums ?? false },
      plan: {
        lifted: options.lifted ?? 0,
        hasChecksums: options.hasChecksums ?? false,
        delayMs: options.delayMs ?? 0,
        failAt: options.failAt ?? -1,
        quietAt: options.quietAt ?? -1,
        crashAt: options.crashAt ?? -1,
        signalAt: options.signalAt ?? -1,
        endAt: options.endAt ?? -1,
        waitAt: options.waitAt ?? -1,
        signal: options.signal ?? null,
        closeFails: options.closeFails ?? false,
        upkeepMs: options.upkeepMs ?? -1,
        storesEvery: options.storesEvery ?? 0,
        storesUpTo: options.storesUpTo ?? Infinity,
        failsAt: options.failsAt ?? -1,
      },
    };
  },
  open(plan, context) {
    const numbers = [];
    const events = [];
    const kept = [];
    let unsynced = [];
    const sync = () => {
      for (const number of unsynced) if (number < plan.storesUpTo) context.stored(number, 1);
      unsynced = [];
    };
    let due;
    let end = null;
    return {
      ...(plan.upkeepMs >= 0 && {
        upkeep: {
          dueAt: () => due,
          run() {
            due = undefined;
            kept.push(numbers.length);
            if (plan.signal) writeFileSync(plan.signal, "");
          },
        },
      }),
      push(frame) {
        const number = frame.header.frameNumber;
        if (numbers.length > 0 && number <= numbers.at(-1))
          throw new Error(`frame ${number} after frame ${numbers.at(-1)}`);
        if (frame.pixels.some((value) => value !== ((number + plan.lifted) & 0xffff)))
          throw new Error(`frame ${number} has another frame's pixels`);
        if ((plan.hasChecksums && frame.pixelsCrc32 < 0) || !hasItsPixels(frame))
          throw new Error(`frame ${number} has not the checksum of its pixels`);
        if (frame.rowCount === 1 && frame.detections[0] !== ((number + plan.lifted) & 0xffff))
          throw new Error(`frame ${number} has another frame's detections`);
        if (numbers.length === plan.waitAt) waitForFile(plan.signal);
        if (numbers.length === plan.failAt) throw new Error("the scripted disk is full");
        if (numbers.length === plan.crashAt) process.exit(7);
        if (numbers.length === plan.quietAt) {
          context.stopQuietly("the scripted reader went away");
          return { drop: "the reader went away" };
        }
        if (number === plan.endAt) context.endRun();
        if (number === plan.failsAt) return { failed: "the scripted encoder broke" };
        if (number === plan.signalAt) writeFileSync(plan.signal, "");
        numbers.push(number);
        if (plan.storesEvery > 0) unsynced.push(number);
        if (unsynced.length >= plan.storesEvery) sync();
        due ??= later(now(), plan.upkeepMs);
        napMs(plan.delayMs);
        return undefined;
      },
      event: (event) => {
        const next = (numbers.at(-1) ?? -1) + 1;
        if (event.event === "note" && event.before < next)
          throw new Error(`the event before frame ${event.before} came after frame ${next - 1}`);
        events.push(event);
      },
      flush: (said) => {
        end = said;
      },
      close(failed) {
        if (!failed) sync();
        if (plan.closeFails) throw new Error("the scripted file could not be synced");
      },
      summary: () => ({
        count: numbers.length,
        numbers: numbers.length <= 1000 ? numbers : [],
        events,
        kept,
        upstream: end ? end.stages.map((stage) => stage.stage) : [],
        lostUpstream: end?.lost ?? null,
        failureUpstream: end?.failure ?? null,
      }),
    };
  },
};

export const scripted = { counter, waiter, mark, lift, crew, collect };

if (workerData) {
  await runStageThread(workerData, {
    send: (message) => parentPort.postMessage(message),
    load: async (name) => scripted[name],
    // Loaded where it is asked for, as in the product: most runs need none.
    openSpool: async (request) => new (await import("../../../dist/core/storage/spool/spool.js")).Spool(request),
  });
}
