/**
 * Observers of a run: whatever a tap's readers do, no frame is lost, nothing waits for them, and what they were shown is what
 * was stored. `MOTE_TAPS=200` tries more of them.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bytesAsSource } from "../../src/core/imaging/byte-source.js";
import { messageKind, preamble } from "../../src/core/stream/message.js";
import { scanMessages } from "../../src/core/stream/scan-messages.js";
import { eachFrame } from "../core/storage/each-frame.js";
import { randomOfRun } from "../seed.js";
import { momentWithin, until } from "../until.js";
import { environment, openShell, type Shell } from "./shell.js";

const trials = Number(process.env.MOTE_TAPS ?? 8);

let shell: Shell;
beforeAll(() => {
  shell = openShell("taps");
});
afterAll(() => rmSync(shell.folder, { recursive: true, force: true }));

const at = (name: string) => join(shell.folder, name);

interface Seen {
  /** Number and CRC-32 of the pixels of every whole frame. */
  readonly frames: readonly (readonly [number, number])[];
  readonly events: readonly { readonly event: string; readonly firstFrame: number; readonly count: number }[];
  readonly end:
    | { readonly stages: readonly { readonly stage: string; readonly in: number; readonly out: number }[] }
    | undefined;
}

/** What a reader of a tap got, message by message; a stream may stop anywhere, and is nowhere damaged. */
function seenIn(bytes: Buffer): Seen {
  const source = bytesAsSource("tap", bytes);
  const frames: [number, number][] = [];
  const events: Seen["events"][number][] = [];
  let end: Seen["end"];
  if (bytes.length > 0)
    expect(bytes.subarray(0, preamble.length)).toEqual(Buffer.from(preamble).subarray(0, bytes.length));
  for (const message of scanMessages(source, { from: Math.min(preamble.length, bytes.length), to: bytes.length })) {
    expect(message.found).not.toBe("damage");
    if (message.found !== "message") continue;
    const { prefix, header, payload } = message;
    if (prefix.kind === messageKind.frame) {
      const number = Number(new DataView(header.buffer, header.byteOffset).getBigUint64(8, true));
      frames.push([number, crc32(payload!)]);
    } else if (prefix.kind === messageKind.event) events.push(JSON.parse(Buffer.from(payload!).toString()));
    else if (prefix.kind === messageKind.end) end = JSON.parse(Buffer.from(payload!).toString());
  }
  return { frames, events, end };
}

async function storedIn(path: string): Promise<ReadonlyMap<number, number>> {
  const stored = new Map<number, number>();
  for await (const { number, pixels } of eachFrame(path)) stored.set(number, crc32(new Uint8Array(pixels.buffer)));
  return stored;
}

interface Ended {
  readonly code: number | null;
  readonly err: string;
}

/** A process of mote, and how it ended. */
function begin(words: readonly string[]): { readonly child: ReturnType<typeof spawn>; readonly ended: Promise<Ended> } {
  const child = spawn("mote", words, { cwd: shell.folder, env: environment, stdio: ["ignore", "ignore", "pipe"] });
  let err = "";
  child.stderr.on("data", (piece) => {
    err += piece;
  });
  return { child, ended: once(child, "close").then(([code]) => ({ code: code as number | null, err })) };
}

function reportIn(err: string) {
  const line = err.split("\n").find((text) => text.startsWith('{"kind":"report"'));
  return JSON.parse(line ?? "null") as {
    readonly lost: number;
    readonly stages: readonly { readonly stage: string; readonly in: number; readonly from?: string }[];
    readonly taps: readonly {
      readonly tap: string;
      readonly in: number;
      readonly shown: number;
      readonly readers: number;
      readonly dropped: Readonly<Record<string, number>>;
    }[];
  };
}

/** Comes at some moment, reads and stalls in turn, and goes away, or stays to the end. Returns the bytes of each of its visits. */
async function visit(path: string, random: () => number, isOver: () => boolean): Promise<Buffer[]> {
  const visits: Buffer[] = [];
  while (!isOver()) {
    await momentWithin(200, random);
    const socket = connect(path);
    const pieces: Buffer[] = [];
    socket.on("data", (piece) => pieces.push(piece));
    const closed = new Promise<void>((done) => {
      socket.on("error", () => done());
      socket.on("close", () => done());
    });
    const isPatient = random() < 0.3;
    for (let turns = 0; turns < 6; turns++) {
      socket.pause();
      await momentWithin(80, random);
      socket.resume();
      await momentWithin(80, random);
    }
    if (!isPatient) socket.destroy();
    await closed;
    visits.push(Buffer.concat(pieces));
  }
  return visits;
}

test(`whatever ${trials} times three readers do that come, stall and die, every frame is stored, and they saw what was`, async () => {
  const random = randomOfRun("taps");
  let seen = 0;
  for (let trial = 0; trial < trials; trial++) {
    const socket = at(`t${trial}.sock`);
    const out = `t${trial}.mote`;
    const every = 1 + Math.floor(random() * 3);
    const tap = `unix:${socket},every=${every}${random() < 0.5 ? ",latest" : ""}`;
    const camera = `--camera sim --size ${random() < 0.5 ? "64x64" : "400x300"} --beads 4 --frames 120 --fps 200`;
    const words = `run --json acquire ${camera} then track --diameter 9 --tap ${tap} then archive --out ${out} --min-free 0`;
    const { ended } = begin(words.split(" "));
    let isOver = false;
    const visits = Promise.all(Array.from({ length: 3 }, () => visit(socket, random, () => isOver)));
    const { code, err } = await ended;
    isOver = true;
    expect(code, err).toBe(0);
    const { lost, stages, taps } = reportIn(err);
    expect(lost).toBe(0);
    expect(stages.map(({ stage, in: came, from }) => [stage, came, from])).toEqual(
      ["acquire", "track", "archive"].map((stage) => [stage, 120, undefined]),
    );
    const [{ in: came, shown, dropped }] = taps as [(typeof taps)[number]];
    expect(came).toBe(120);
    expect(shown + Object.values(dropped).reduce((sum, frames) => sum + frames, 0)).toBe(120);
    const stored = await storedIn(at(out));
    expect(stored.size).toBe(120);
    for (const bytes of (await visits).flat()) {
      const { frames } = seenIn(bytes);
      seen += frames.length;
      const numbers = frames.map(([number]) => number);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      expect(numbers.every((number) => number % every === 0)).toBe(true);
      for (const [number, crc] of frames) expect([number, crc]).toEqual([number, stored.get(number)]);
    }
    rmSync(at(out));
  }
  expect(seen).toBeGreaterThan(trials);
}, 600_000);

test("a reader that never reads is waited for by nobody, neither while the run goes on nor when it ends", async () => {
  const socket = at("deaf.sock");
  const line = `run --json acquire --camera sim --size 1024x1024 --frames 40 --tap unix:${socket} then archive --out deaf.mote`;
  const { ended } = begin(line.split(" "));
  await until(() => existsSync(socket), { what: "the tap's socket" });
  const reader = connect(socket).on("error", () => {});
  reader.pause();
  const { code, err } = await ended;
  expect(code, err).toBe(0);
  const { taps, lost } = reportIn(err);
  expect([lost, taps[0]!.in, taps[0]!.readers]).toEqual([0, 40, 1]);
  expect(taps[0]!.shown).toBeLessThan(40);
  expect((await storedIn(at("deaf.mote"))).size).toBe(40);
  reader.destroy();
  expect(existsSync(socket)).toBe(false);
});

test("with a tap every output has the bytes that it has without one", async () => {
  const line = (tap: string, out: string) =>
    `run acquire --camera sim --size 96x80 --beads 7 --frames 30${tap} then track --diameter 9 --search-range 5${tap} then archive --out ${out}.csv --out ${out}.tif --min-free 0${tap}`;
  expect((await shell.mote(line("", "plain"))).code).toBe(0);
  const taps = ["a", "b", "c"];
  const tapped = line(" TAP", "tapped").replaceAll("TAP", () => `--tap unix:${at(`${taps.shift()}.sock`)}`);
  const { code, err } = await shell.mote(tapped);
  expect(code, err).toBe(0);
  for (const name of ["acquire-tap", "track-tap", "archive-tap"])
    expect(err).toContain(`${name}: 0 of 30 frames shown, 0 readers`);
  for (const ending of ["csv", "tif"])
    expect(readFileSync(at(`tapped.${ending}`)).equals(readFileSync(at(`plain.${ending}`)))).toBe(true);
});

test("mote reads a tap of a shell pipeline with --input tap:, and what it was not shown is no loss", async () => {
  const socket = at("tee.sock");
  const watched = shell.run(
    `mote acquire --camera sim --size 64x64 --frames 300 --fps 150 | mote tee --tap unix:${socket},every=2 | mote archive --out whole.mote`,
  );
  await until(() => existsSync(socket), { what: "the tap's socket" });
  const seen = await shell.run(`mote archive --input tap:${socket} --out seen.mote`);
  const { code, err } = await watched;
  expect([code, err.includes("loss")], err).toEqual([0, false]);
  expect([seen.code, seen.err.includes("nothing lost")], seen.err).toEqual([0, true]);
  const [whole, part] = [await storedIn(at("whole.mote")), await storedIn(at("seen.mote"))];
  expect(whole.size).toBe(300);
  expect(part.size).toBeGreaterThan(0);
  for (const [number, crc] of part) expect([number, crc]).toEqual([number, whole.get(number)]);
  const verified = await shell.mote("verify seen.mote");
  expect(verified.code, verified.out).toBe(0);
});

test("a reader that takes all hears of every frame, those it has and those between, and its own count in the end", async () => {
  const socket = at("all.sock");
  const line = `run --quiet acquire --camera sim --size 64x64 --frames 200 --fps 200 --tap unix:${socket} then archive --out all.mote`;
  const { ended } = begin(line.split(" "));
  await until(() => existsSync(socket), { what: "the tap's socket" });
  const pieces: Buffer[] = [];
  const reader = connect(socket).on("data", (piece) => pieces.push(piece));
  await once(reader, "close");
  expect((await ended).code).toBe(0);
  const { frames, events, end } = seenIn(Buffer.concat(pieces));
  const told = new Set<number>(frames.map(([number]) => number));
  for (const { firstFrame, count } of events) for (let i = 0; i < count; i++) told.add(firstFrame + i);
  const [first] = frames[0]!;
  expect(told.size).toBe(frames.at(-1)![0] - first + 1);
  const own = end!.stages.at(-1)!;
  expect([own.stage, own.out, own.in]).toEqual(["tap", frames.length, told.size]);
});

test("a reader that comes while the source pauses has the descriptor at once", async () => {
  const socket = at("paused.sock");
  const line = `run --quiet acquire --camera sim --size 64x64 --fps 0.001 --tap unix:${socket} then archive --out paused.mote --force`;
  const { child, ended } = begin(line.split(" "));
  await until(() => existsSync(socket), { what: "the tap's socket" });
  let got = Buffer.alloc(0);
  const reader = connect(socket).on("data", (piece) => {
    got = Buffer.concat([got, piece]);
  });
  await until(() => got.includes('"pixelFormat"'), { what: "the descriptor" });
  child.kill("SIGINT");
  expect((await ended).code).toBe(0);
  reader.destroy();
});

test("a named pipe is served when it has a reader, again and again, and a run without one goes on", async () => {
  expect((await shell.run("mkfifo pipe")).code).toBe(0);
  const line = `run --json acquire --camera sim --size 64x64 --frames 300 --fps 150 --tap fifo:${at("pipe")} then archive --out piped.mote`;
  const { ended } = begin(line.split(" "));
  for (let visits = 0; visits < 2; visits++) {
    const { out } = await shell.run("head -c 30000 pipe | wc -c");
    expect(out.trim()).toBe("30000");
  }
  const { code, err } = await ended;
  expect(code, err).toBe(0);
  const { taps } = reportIn(err);
  expect(taps[0]!.readers).toBeGreaterThanOrEqual(2);
  expect((await storedIn(at("piped.mote"))).size).toBe(300);
});

test("what cannot be a tap is refused before anything is opened", async () => {
  writeFileSync(at("plain.file"), "kept");
  const refused = async (tap: string, stage = "acquire --camera sim --size 64x64 --frames 5") => {
    const { code, err } = await shell.mote([
      "run",
      ...stage.split(" "),
      "--tap",
      tap,
      "then",
      "archive",
      "--out",
      "no.mote",
    ]);
    expect([tap, code, existsSync(at("no.mote"))], err).toEqual([tap, 2, false]);
    return err;
  };
  expect(await refused(`unix:${at("plain.file")}`)).toContain("--tap unix:");
  expect(readFileSync(at("plain.file"), "utf8")).toBe("kept");
  expect(await refused(`fifo:${at("plain.file")}`)).toContain("expected a named pipe");
  expect(await refused(`fifo:${at("not-there")}`)).toContain("mkfifo");
  expect(await refused(`unix:${at("x".repeat(120))}`)).toContain("the path of a socket may have");
  for (const tap of ["unix:", "tcp:1", "unix:a,every=0", "a.sock"]) {
    const err = await refused(tap);
    if (tap !== "unix:a,every=0") expect(err).toContain("expected unix:PATH or fifo:PATH");
  }
  const server = createServer().listen(at("busy.sock"));
  await once(server, "listening");
  expect(await refused(`unix:${at("busy.sock")}`)).toContain("another program listens there");
  server.close();
  const { code, err } = await shell.mote(
    "run acquire --camera sim --size 64x64 --frames 5 then track --diameter 9 --tap unix:x",
  );
  expect([code, err.includes("a transform cannot be the last stage")], err).toEqual([2, true]);
});

test("the socket of a killed run is taken over by the next", async () => {
  const socket = at("killed.sock");
  const line = `run --quiet acquire --camera sim --size 64x64 --fps 20 --tap unix:${socket} then archive --out killed.mote --force`;
  const { child, ended } = begin(line.split(" "));
  await until(() => existsSync(socket), { what: "the tap's socket" });
  child.kill("SIGKILL");
  await ended;
  expect(existsSync(socket)).toBe(true);
  const again = begin(`${line.replace("--fps 20", "--frames 20")} --min-free 0`.split(" "));
  expect((await again.ended).code).toBe(0);
  expect(existsSync(socket)).toBe(false);
});

test("eight readers are served at once, and a ninth is turned away", async () => {
  const socket = at("many.sock");
  const line = `run --json acquire --camera sim --size 64x64 --frames 200 --fps 100 --tap unix:${socket} then archive --out many.mote`;
  const { ended } = begin(line.split(" "));
  await until(() => existsSync(socket), { what: "the tap's socket" });
  const got: number[] = [];
  const readers = Array.from({ length: 9 }, (_, i) => {
    got.push(0);
    return connect(socket)
      .on("error", () => {})
      .on("data", (piece) => {
        got[i]! += piece.length;
      });
  });
  await Promise.all(readers.map((reader) => (reader.closed ? undefined : once(reader, "close"))));
  const { code, err } = await ended;
  expect(code, err).toBe(0);
  expect(got.filter((bytes) => bytes > 4096)).toHaveLength(8);
  expect(reportIn(err).taps[0]!.readers).toBe(8);
});

test("a reader that has gone leaves its seat to the next, however many come in a run", async () => {
  const socket = at("seats.sock");
  const line = `run --json acquire --camera sim --size 16x16 --frames 1000000 --fps 200 --tap unix:${socket} then archive --min-free 0 --out seats.mote`;
  const { child, ended } = begin(line.split(" "));
  await until(() => existsSync(socket), { what: "the tap's socket" });
  const visits = 20;
  for (let visit = 0; visit < visits; visit++) {
    const reader = connect(socket).on("error", () => {});
    let bytes = 0;
    reader.on("data", (piece) => {
      bytes += piece.length;
    });
    await until(() => bytes > 4096 || reader.closed, { what: "some frames" });
    expect([visit, reader.closed]).toEqual([visit, false]);
    reader.destroy();
  }
  child.kill("SIGINT");
  const { code, err } = await ended;
  expect(code, err).toBe(0);
  expect(reportIn(err).taps[0]!.readers).toBe(visits);
});
