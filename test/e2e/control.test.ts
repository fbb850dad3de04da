/** Runs that are spoken to: every request, and every client that means harm or knows no better. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mostLineBytes, mostLinesPerSecond } from "../../src/core/control/client.js";
import { mostClients } from "../../src/core/control/server.js";
import { mostSocketPathBytes } from "../../src/core/stream/socket-path.js";
import { until } from "../until.js";
import { openShell, root } from "./shell.js";
import { socketOf, speakTo, startMote, untilSpoken } from "./spoken.js";

const camera = "acquire --camera sim --size 32x32 --fps 100";
const endless = `${camera} --frames 1000000`;
const archive = "then archive --min-free 0 --out r.mote";

async function facts(folder: string, name = "r.mote") {
  const { out } = await openShell("facts").mote(["inspect", join(folder, name), "--json"]);
  const { end, ...read } = JSON.parse(out);
  return { ...read, lost: end?.lost } as {
    readonly frames: number;
    /** Undefined when it was not ended. */
    readonly lost: number | undefined;
    readonly fault: unknown;
    readonly events: readonly Record<string, unknown>[];
  };
}

test("a run says how it stands, once and again and again, and that it ends; its socket is private and goes with it", async () => {
  const { folder } = openShell("control");
  const run = startMote(folder, `run --name exp ${endless} ${archive}`);
  const client = await untilSpoken(socketOf(folder, "exp"));
  expect(statSync(join(folder, "mote")).mode & 0o777).toBe(0o700);
  const { id, result } = await client.ask({ request: "status", id: ["any", 1] });
  expect(id).toEqual(["any", 1]);
  expect(result).toMatchObject({
    ...{ protocol: 1, name: "exp", pid: run.pid, state: "running", lost: 0, frameCount: 1_000_000 },
    stages: [{ stage: "acquire", failed: 0 }, { stage: "archive" }],
    links: [{ from: "acquire", to: "archive", policy: "spill", every: 1, isPaused: false, dropped: 0 }],
    stream: { shape: { height: 32, width: 32 }, pixelFormat: "uint16", isLive: true, rateHz: 100 },
  });
  expect(result.stages[0].in).toBeGreaterThanOrEqual(result.stages[1].in);
  expect(result.pool.lent).toBeLessThanOrEqual(result.pool.slots);

  await client.ask({ request: "status", every: "20ms", id: 5 });
  const updates = () => client.lines.filter((line) => line.update !== undefined);
  await until(() => updates().length >= 3, { what: "three updates" });
  const frames = updates().map(({ update }) => (update as { frames: number }).frames);
  expect(frames).toEqual([...frames].sort((a, b) => a - b));
  expect(updates().every((line) => line.id === 5)).toBe(true);

  client.write('{"request":"stop"}\n{"request":"stop"}\n');
  const { code, err } = await run.ended;
  expect([code, err]).toEqual([0, expect.stringContaining("interrupted: finishing what is in flight")]);
  await until(() => client.isClosed(), { what: "the end of the connection" });
  expect(client.lines.at(-1)).toEqual({ end: true });
  expect(client.lines.filter(({ result }) => result?.state === "draining")).toHaveLength(2);
  expect(readdirSync(join(folder, "mote"))).toEqual([]);
  expect(await facts(folder)).toMatchObject({ fault: null, lost: 0 });
});

test("nothing comes out of a paused link; what its policy gives up is one gap, told and counted, and the rest comes in order", async () => {
  const { folder } = openShell("control");
  const run = startMote(folder, `run --name exp ${endless} --backpressure drop-newest ${archive}`);
  const client = await untilSpoken(socketOf(folder, "exp"));
  const link = async () => (await client.ask({ request: "status" })).result.links[0];
  const stored = async () => (await client.ask({ request: "status" })).result.stages[1].in as number;
  await until(async () => (await stored()) > 5, { what: "frames" });
  expect((await client.ask({ request: "pause", link: "archive" })).result).toEqual({
    ...{ from: "acquire", to: "archive", isPaused: true },
  });
  // What the archive had taken by then it counts.
  let paused = await stored();
  await until(
    async () => {
      const before = paused;
      paused = await stored();
      return before === paused;
    },
    { what: "the frame that was in hand" },
  );
  await until(async () => (await link()).dropped > 10, { what: "frames that the policy gives up" });
  expect([await stored(), await link()]).toMatchObject([paused, { isPaused: true }]);
  expect((await client.ask({ request: "resume" })).result.isPaused).toBe(false);
  const { capacity } = await link();
  await until(async () => (await stored()) > paused + capacity + 10, { what: "frames behind the gap" });
  await client.ask({ request: "stop" });
  const { code, err } = await run.ended;
  const { events, lost, frames } = await facts(folder);
  const [drop, ...others] = events.filter(({ event }) => event === "drop");
  expect([code, others, err]).toEqual([3, [], expect.stringContaining(`${lost} frames lost`)]);
  // All that waited when it was paused, or came until the link was full, is there.
  expect(drop).toEqual({
    ...{ event: "drop", stage: "acquire", reason: "link full" },
    firstFrame: paused + capacity,
    count: lost,
  });
  expect(frames).toBeGreaterThan(paused + capacity + 10);
});

test("a paused run that is asked to end stores everything; aborted, it ends with 130; its socket goes either way", async () => {
  for (const [request, expected] of [
    ["stop", 0],
    ["abort", 130],
  ] as const) {
    const { folder } = openShell("control");
    const run = startMote(folder, `run --name exp ${endless} ${archive}`);
    const client = await untilSpoken(socketOf(folder, "exp"));
    await client.ask({ request: "pause" });
    await until(async () => (await client.ask({ request: "status" })).result.links[0].waiting > 20, {
      what: "frames that wait",
    });
    expect(await client.ask({ request })).toMatchObject({ ok: true });
    const { code, err } = await run.ended;
    expect(code, err).toBe(expected);
    if (request === "stop") {
      const { frames, lost } = await facts(folder);
      expect([frames > 20, lost]).toEqual([true, 0]);
    }
    expect(readdirSync(join(folder, "mote"))).toEqual([]);
  }
});

test("a mark stands in front of the frame that comes next, notes of the start in front of the first", async () => {
  const { folder } = openShell("control");
  const run = startMote(folder, `run --name exp --note sample=mouse --note operator=a=b ${endless} ${archive}`);
  const client = await untilSpoken(socketOf(folder, "exp"));
  await until(async () => (await client.ask({ request: "status" })).result.frames > 0, { what: "a frame" });
  const marks = ["laser on", "\u001b[31mred\n", "ü".repeat(1000)];
  const times: string[] = [];
  for (const text of marks) times.push((await client.ask({ request: "mark", text })).result.at);
  await client.ask({ request: "stop" });
  expect((await run.ended).code).toBe(0);
  const { events, frames } = await facts(folder);
  expect(events).toMatchObject([
    { event: "note", text: "sample=mouse", key: "sample", value: "mouse", frame: 0 },
    { event: "note", text: "operator=a=b", key: "operator", value: "a=b", frame: 0 },
    ...marks.map((text, i) => ({ event: "note", text, at: times[i] })),
  ]);
  const numbers = events.slice(2).map(({ frame }) => (frame === null ? frames : Number(frame)));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(numbers.every((number) => number > 0 && number <= frames)).toBe(true);
});

test("notes stand in every archive that has a place for them; of those that have none the user is told once", async () => {
  const { folder, run: shell } = openShell("control");
  const kept = ["a.mote", "a.ndjson", "a.arrow", "a.arrows"];
  const outs = [...kept, "a.h5", "a.zarr", "a.csv", "a.parquet"].map((name) => `--out ${name}`).join(" ");
  const run = startMote(
    folder,
    `run --name exp --note sample=mouse ${camera} --frames 300 then track --diameter 11 then archive --min-free 0 ${outs} from track then compress --out j`,
  );
  const client = await untilSpoken(socketOf(folder, "exp"));
  await until(async () => (await client.ask({ request: "status" })).result.frames > 0, { what: "a frame" });
  await client.ask({ request: "mark", text: "laser on" });
  await client.ask({ request: "mark", text: "laser off" });
  const { code, err } = await run.ended;
  expect(code, err).toBe(0);
  expect(err.match(/no place for notes/g)).toHaveLength(1);
  expect(err).toContain("a.h5, a.zarr, a.csv, a.parquet have no place for notes");
  const texts = ["sample=mouse", "laser on", "laser off"];
  for (const name of [...kept, "j"]) {
    const bytes = await shell(`cat ${name === "j" ? "j/journal.ndjson" : name}`);
    for (const text of texts) expect(bytes.out.includes(text), `${text} in ${name}`).toBe(true);
    expect((await shell(`mote verify ${name}`)).code, name).toBe(0);
    if (name === "j") continue;
    const { out } = await shell(`mote inspect ${name}`);
    for (const text of texts) expect(out, name).toContain(text);
  }
});

test("what is no request is refused in the words of the command line, and changes nothing", async () => {
  const { folder } = openShell("control");
  const run = startMote(folder, `run --name exp ${endless} ${archive}`);
  const client = await untilSpoken(socketOf(folder, "exp"));
  const told = async (line: object | string) => {
    const { ok, errors, exitCode } = await client.ask(line);
    return [ok, exitCode, errors[0]!.code, `${errors[0]!.where}: ${errors[0]!.what}`];
  };
  for (const line of ["garbage", "[]", "7", '{"request":', "\u0000\u0001", `${"[".repeat(5000)}`])
    expect(await told(line)).toEqual([false, 2, "bad-option", "control: expected a JSON object a line"]);
  expect(await told({})).toEqual([false, 2, "bad-option", "control, request: is required"]);
  expect(await told({ request: "sop" })).toEqual([
    ...[false, 2, "bad-option"],
    'control, request: there is no request "sop"',
  ]);
  expect((await told({ request: "__proto__" })).slice(0, 3)).toEqual([false, 2, "bad-option"]);
  expect(await told({ request: "pause", link: "acquire" })).toEqual([
    ...[false, 2, "bad-option", "exp, pause, --link: no link leads to a stage acquire"],
  ]);
  expect(await told({ request: "status", every: "1ms" })).toEqual([
    ...[false, 2, "bad-option"],
    expect.stringMatching(/^exp, status, --every: expected .* got 1ms$/),
  ]);
  expect((await told({ request: "mark", text: "x".repeat(1001) })).slice(0, 3)).toEqual([false, 2, "bad-option"]);
  expect(await told({ request: "stop", when: "now" })).toEqual([
    ...[false, 2, "bad-option", "exp, stop, when: there is no such field"],
  ]);
  expect((await client.ask({ request: "status" })).result).toMatchObject({ state: "running" });
  await client.ask({ request: "stop" });
  expect((await run.ended).code).toBe(0);
  expect((await facts(folder)).events).toEqual([]);
});

test("who floods, writes a line without end or never reads is cut off with a word, and the run loses nothing", async () => {
  const { folder } = openShell("control");
  const run = startMote(folder, `run --name exp ${endless} ${archive}`);
  const watcher = await untilSpoken(socketOf(folder, "exp"));

  const flooding = await speakTo(socketOf(folder, "exp"));
  flooding.write('{"request":"nothing"}\n'.repeat(20 * mostLinesPerSecond));
  await until(() => flooding.isClosed(), { what: "the end of who floods" });
  expect(flooding.lines.at(-1)).toMatchObject({ ok: false, errors: [{ code: "too-large" }] });
  expect(flooding.lines.length).toBeLessThanOrEqual(mostLinesPerSecond + 1);

  const endlessLine = await speakTo(socketOf(folder, "exp"));
  endlessLine.write("x".repeat(mostLineBytes + 1));
  await until(() => endlessLine.isClosed(), { what: "the end of a line without end" });
  expect(endlessLine.lines).toMatchObject([{ ok: false, errors: [{ code: "too-large" }] }]);

  const deaf = await speakTo(socketOf(folder, "exp"));
  deaf.stopReading();
  deaf.write('{"request":"status"}\n'.repeat(mostLinesPerSecond - 1));
  await until(
    () => {
      // Writing tells who does not read that the other side has gone.
      deaf.write("\n");
      return deaf.isClosed();
    },
    { what: "the end of who never reads" },
  );

  const many = await Promise.all(Array.from({ length: 20 }, () => speakTo(socketOf(folder, "exp"))));
  await until(() => many.filter((client) => client.isClosed()).length >= 4, { what: "clients too many" });
  expect((await watcher.ask({ request: "status" })).result).toMatchObject({ lost: 0, state: "running" });
  await watcher.ask({ request: "stop" });
  expect((await run.ended).code).toBe(0);
  expect((await facts(folder)).lost).toBe(0);
});

test("who asks a lot, and never too much in a second, is answered as long as it asks", async () => {
  const { folder } = openShell("control");
  const run = startMote(folder, `run --name exp ${endless} ${archive}`);
  const watcher = await untilSpoken(socketOf(folder, "exp"));
  await watcher.ask({ request: "status", every: "50ms" });
  const elapsedMs = () => (watcher.lines.at(-1)!.update as { elapsedMs: number } | undefined)?.elapsedMs ?? 0;
  const client = await speakTo(socketOf(folder, "exp"));
  const lines = Math.floor(mostLinesPerSecond / 2);
  // Long lines: their bytes are counted for each alone.
  const line = `${JSON.stringify({ request: "stop", nothing: "x".repeat(mostLineBytes / 100) })}\n`;
  for (let round = 1; round <= 4; round++) {
    client.write(line.repeat(lines));
    await until(() => client.lines.length >= round * lines || client.isClosed(), { what: "the answers" });
    expect([client.isClosed(), client.lines.length]).toEqual([false, round * lines]);
    const answered = elapsedMs();
    await until(() => elapsedMs() > answered + 1000, { what: "the next second" });
  }
  await watcher.ask({ request: "stop" });
  expect((await run.ended).code).toBe(0);
});

test("clients that have gone count no more, and who subscribes anew hears of the old subscription no more", async () => {
  const { folder } = openShell("control");
  const run = startMote(folder, `run --name exp ${endless} ${archive}`);
  const watcher = await untilSpoken(socketOf(folder, "exp"));
  for (let visit = 0; visit < 3 * mostClients; visit++) {
    const client = await speakTo(socketOf(folder, "exp"));
    expect(await client.ask({ request: "status", id: visit })).toMatchObject({ id: visit, ok: true });
    client.close();
  }
  await watcher.ask({ request: "status", every: "20ms", id: "old" });
  await until(() => watcher.lines.at(-1)!.update !== undefined, { what: "an update" });
  watcher.write('{"request":"status","every":"20ms","id":"new"}\n');
  const begun = () => watcher.lines.findIndex(({ id }) => id === "new");
  const since = () => (begun() < 0 ? [] : watcher.lines.slice(begun()));
  await until(() => since().length > 5, { what: "updates of the new subscription" });
  expect(new Set(since().map(({ id }) => id))).toEqual(new Set(["new"]));
  watcher.write('{"request":"stop"}\n');
  expect((await run.ended).code).toBe(0);
});

test("the socket of a killed run is taken over; a second run of a name gets a number, and says so where the name was asked for", async () => {
  const { folder } = openShell("control");
  const killed = startMote(folder, `run --name exp ${endless} then archive --min-free 0 --out a.mote`);
  await untilSpoken(socketOf(folder, "exp"));
  killed.kill("SIGKILL");
  await killed.ended;
  expect(existsSync(socketOf(folder, "exp"))).toBe(true);

  const first = startMote(folder, `run --name exp ${endless} then archive --min-free 0 --out b.mote`);
  const client = await untilSpoken(socketOf(folder, "exp"));
  const second = startMote(folder, `run --name exp ${endless} then archive --min-free 0 --out c.mote`);
  const other = await untilSpoken(socketOf(folder, "exp-2"));
  expect((await client.ask({ request: "status" })).result).toMatchObject({ name: "exp", pid: first.pid });
  expect((await other.ask({ request: "status" })).result).toMatchObject({ name: "exp-2", pid: second.pid });
  await until(() => second.err().includes("another run is called exp: this one is called exp-2"), { what: "the word" });
  await Promise.all([client.ask({ request: "stop" }), other.ask({ request: "stop" })]);
  expect([(await first.ended).code, (await second.ended).code]).toEqual([0, 0]);
  expect(readdirSync(join(folder, "mote"))).toEqual([]);
});

test("a run goes on where no private folder can be had, and says so; without a session's folder it takes the temporary one", async () => {
  const { folder } = openShell("control");
  writeFileSync(join(folder, "file"), "");
  const replay = `run acquire ${join(root, "fixtures/beads.mote")} ${archive}`;
  mkdirSync(join(folder, "open/mote"), { recursive: true, mode: 0o755 });
  for (const [session, fault] of [
    ["open", "is open to others"],
    ["file", "cannot be made"],
  ] as const) {
    const run = startMote(folder, `${replay} --force`, {
      XDG_RUNTIME_DIR: join(folder, session),
      TMPDIR: join(folder, "file"),
    });
    const { code, err } = await run.ended;
    expect(code, err).toBe(0);
    expect(err).toContain("this run cannot be spoken to: no private folder can be had for its socket");
    expect(err).toContain(fault);
  }
  const own = join(folder, `mote-${process.getuid!()}`);
  const run = startMote(folder, `run ${endless} then archive --min-free 0 --out t.mote`, {
    XDG_RUNTIME_DIR: join(folder, "nowhere"),
    TMPDIR: folder,
  });
  const client = await untilSpoken(join(own, "run.sock"));
  expect(statSync(own).mode & 0o777).toBe(0o700);
  await client.ask({ request: "stop" });
  expect((await run.ended).code).toBe(0);
});

test("--control listens elsewhere, or nowhere; what it cannot have is refused before anything is opened", async () => {
  const { folder } = openShell("control");
  const run = startMote(folder, `run --control unix:here ${endless} ${archive}`);
  const client = await untilSpoken(join(folder, "here"));
  expect(existsSync(join(folder, "mote"))).toBe(false);
  const second = startMote(folder, `run --control unix:here ${endless} then archive --out s.mote`);
  const { code, err } = await second.ended;
  expect([code, err]).toEqual([2, expect.stringContaining("another program listens there")]);
  const long = `unix:${"x".repeat(mostSocketPathBytes + 1)}`;
  const third = await startMote(folder, `run --control ${long} ${endless} then archive --out s.mote`).ended;
  expect([third.code, third.err]).toEqual([2, expect.stringContaining(`may have ${mostSocketPathBytes} bytes`)]);
  writeFileSync(join(folder, "file"), "kept");
  const fourth = await startMote(folder, `run --control unix:file ${endless} then archive --out s.mote`).ended;
  expect(fourth.code, fourth.err).toBe(2);
  await client.ask({ request: "stop" });
  expect((await run.ended).code).toBe(0);
  expect(readdirSync(folder).sort()).toEqual(["file", "r.mote"]);
  const deaf = await startMote(folder, `run --control none ${camera} --frames 3 then archive --out q.mote`).ended;
  expect([deaf.code, existsSync(join(folder, "mote"))]).toEqual([0, false]);
});

test("mote tell finds a run by name, process and path, lists all, follows one to its end, and knows what is not there", async () => {
  const { folder, run: shell } = openShell("control");
  const tell = (words: string) => shell(`XDG_RUNTIME_DIR=$PWD TMPDIR=$PWD mote tell ${words}`);
  const run = startMote(folder, `run --name exp ${endless} ${archive}`);
  await untilSpoken(socketOf(folder, "exp"));
  for (const name of ["exp", String(run.pid), "unix:mote/exp.sock", "./mote/exp.sock"])
    expect(JSON.parse((await tell(`${name} status --json`)).out), name).toMatchObject({ name: "exp", pid: run.pid });
  expect((await tell("exp status")).out).toMatch(/^exp: running, [\d,]+ frames? in .*\n {2}acquire: /);
  expect((await tell("--list")).out).toMatch(/^exp: running, /);
  expect((await tell("exp mark 'laser = on'")).code).toBe(0);
  expect((await tell("exp pause archive")).out).toBe("acquire to archive: paused");
  expect((await tell("exp resume")).code).toBe(0);
  for (const [words, code, what] of [
    ["xp status", 2, "tell, xp: no run has this name"],
    ["999999999 status", 2, "no run of process 999999999"],
    ["./nobody status", 2, "no run listens at ./nobody"],
    [`./${"x".repeat(200)} status`, 2, `may have ${mostSocketPathBytes} bytes`],
    ["exp", 2, "expected a request behind the run"],
    ["exp paus", 2, "there is no request paus"],
    ["exp stop now", 2, "does not take now"],
    ["exp pause nothing", 2, "tell, exp, pause, --link: no link leads to a stage nothing"],
    ["", 2, "expected a run and a request"],
  ] as const) {
    const { err, ...told } = await tell(words);
    expect([told.code, err], words).toEqual([code, expect.stringContaining(what)]);
  }
  const following = tell("exp status every=50ms > told");
  await until(() => existsSync(join(folder, "told")) && statSync(join(folder, "told")).size > 0, { what: "a word" });
  await until(async () => (await tell("exp stop")).code === 0, { what: "the word to stop" });
  const { code } = await following;
  const last = readFileSync(join(folder, "told"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { name: string });
  expect([code, last.every(({ name }) => name === "exp")]).toEqual([0, true]);
  expect((await run.ended).code).toBe(0);
  expect((await tell("--list")).out).toBe("no run can be spoken to");
  expect((await facts(folder)).events).toMatchObject([{ event: "note", text: "laser = on" }]);
});

test("mote tell says so when what listens there is no run", async () => {
  const { folder, run: shell } = openShell("control");
  const server = createServer((socket) => socket.resume().end("220 mail.example\n"));
  await new Promise<void>((listening) => server.listen(join(folder, "s"), listening));
  const { code, err } = await shell("mote tell ./s status");
  expect([code, err]).toEqual([1, expect.stringContaining("answers in a way that no run does")]);
  await new Promise((closed) => server.close(closed));
});

test("every stage of a shell pipeline can be spoken to by its name", async () => {
  const { folder, run: shell } = openShell("control");
  const line = `export XDG_RUNTIME_DIR=$PWD TMPDIR=$PWD; mote ${endless} | mote track --diameter 11 --name find | mote archive --min-free 0 --out r.mote & P=$!
    wait-for "all three" '[ "$(mote tell --list | wc -l)" = 3 ]'
    mote tell --list --json; mote tell find mark here; mote tell acquire stop; wait $P`;
  const { code, out, err } = await shell(line);
  expect(code, err).toBe(0);
  const names = (JSON.parse(out.split("\n")[0]!) as { name: string }[]).map(({ name }) => name);
  expect(names).toEqual(["acquire", "archive", "find"]);
  expect((await facts(folder)).events).toMatchObject([{ event: "note", text: "here" }]);
});

test("the Python client of the documents asks, follows and is refused", async () => {
  const { folder, run: shell } = openShell("control");
  const run = startMote(folder, `run --name exp ${endless} ${archive}`);
  await untilSpoken(socketOf(folder, "exp"));
  const script = join(root, "docs/control/mote_control.py");
  const python = (words: string) => shell(`XDG_RUNTIME_DIR=$PWD python3 ${script} ${words}`);
  expect(JSON.parse((await python("exp status")).out)).toMatchObject({ name: "exp", pid: run.pid });
  expect((await python(`${socketOf(folder, "exp")} mark 'text=laser on'`)).code).toBe(0);
  const refused = await python("exp pause link=nothing");
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("no link leads to a stage nothing")]);
  const following = python("exp status every=50ms > told");
  await until(() => existsSync(join(folder, "told")) && statSync(join(folder, "told")).size > 0, { what: "a word" });
  await python("exp stop");
  expect((await following).code).toBe(0);
  expect((await run.ended).code).toBe(0);
  expect((await facts(folder)).events).toMatchObject([{ event: "note", text: "laser on" }]);
});
