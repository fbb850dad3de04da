/** Input that lies, never ends or leads elsewhere ends in a message: exit code 1, 2 or 3, no stack trace, bounded time and memory. */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodePrefix, emptyPrefix, encodePrefix, preamble, prefixBytes } from "../../src/core/stream/message.js";
import { stackTrace } from "../stack-trace.mjs";
import { openShell } from "./shell.js";

const shell = openShell("bad-input");
const { folder } = shell;
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const camera = "mote run --quiet acquire --camera sim --size 32x32 --beads 2 --frames 4 --seed 1 then";

beforeAll(async () => {
  await shell.run(`${camera} archive --out whole.mote --min-free 0`);
  await shell.run(`${camera} archive --out whole.h5 --min-free 0`);
  await shell.run(`${camera} archive --out secret.ome.zarr --min-free 0`);
});

/** Exit code and words of a command, and that it is no stack trace. */
async function told(line: string): Promise<{ code: number; text: string }> {
  const { code, err, out } = await shell.run(line);
  const text = `${out}\n${err}`;
  expect(text).not.toMatch(stackTrace);
  return { code, text };
}

/** The recording with another descriptor, its checksums right. */
function withDescriptor(name: string, change: object): string {
  const bytes = readFileSync(at("whole.mote"));
  const prefix = emptyPrefix();
  decodePrefix(new DataView(bytes.buffer, bytes.byteOffset + preamble.length, prefixBytes), prefix);
  const start = preamble.length + prefixBytes + prefix.headerBytes;
  const end = start + prefix.payloadBytes;
  const payload = Buffer.from(JSON.stringify({ ...JSON.parse(bytes.toString("utf8", start, end)), ...change }));
  const head = Buffer.from(bytes.subarray(preamble.length, start));
  encodePrefix(head, prefix.kind, prefix.sequence, prefix.headerBytes, payload.length, crc32(payload));
  writeFileSync(at(name), Buffer.concat([bytes.subarray(0, preamble.length), head, payload, bytes.subarray(end)]));
  return name;
}

test("a descriptor that cannot be is named by its key, by every command", async () => {
  const lies = {
    shape: { height: 1e300, width: 32 },
    bitDepth: 4294967296,
    frameCount: -5,
    producedBy: [{ stage: "x", version: "1", options: null }],
    detections: { columns: ["x", "y"], mostRows: 1e15 },
    source: null,
  };
  for (const [key, value] of Object.entries(lies)) {
    const file = withDescriptor("lie.mote", { [key]: value });
    for (const command of [`inspect ${file}`, `acquire ${file} --output /dev/null`, `verify ${file}`]) {
      const { code, text } = await told(`mote ${command}`);
      expect([1, 2], `${command} with ${key}`).toContain(code);
      expect(text).toContain(key);
    }
  }
}, 120_000);

/** Tells what its process held at most when it ends. */
const tellPeak =
  "data:text/javascript,process.on('exit',()=>process._rawDebug('peak '+process.resourceUsage().maxRSS))";

/** Exit code of a command and the most memory it took, bytes; the test's timeout is what ends one that never does. */
async function peakBytes(words: string[], input?: string): Promise<{ code: number | null; bytes: number }> {
  const child = spawn(process.execPath, ["--import", tellPeak, resolve("bin/mote.js"), ...words], {
    cwd: folder,
    stdio: [input === undefined ? "ignore" : "pipe", "ignore", "pipe"],
  });
  let said = "";
  child.stderr!.on("data", (piece) => {
    said += piece;
  });
  if (input !== undefined) {
    const stdin = child.stdin!;
    stdin.on("error", () => {});
    const more = Buffer.alloc(1 << 20, "a");
    const feed = () => {
      while (child.exitCode === null && stdin.write(more));
    };
    stdin.write(input);
    stdin.on("drain", feed);
    feed();
  }
  try {
    const code = await new Promise<number | null>((end) => child.on("close", end));
    const peaks = [...said.matchAll(/^peak (\d+)$/gm)].map((match) => 1024 * Number(match[1]));
    expect(peaks.length).toBeGreaterThan(0);
    return { code, bytes: Math.max(...peaks) };
  } finally {
    child.kill("SIGKILL");
  }
}

test("a line or a file without end is refused in bounded memory", async () => {
  writeFileSync(at("line.csv"), `frame,y,x\n${"a".repeat(100_000_000)}`);
  const most = 400e6;
  for (const [words, input] of [
    [["link", "/dev/zero", "--search-range", "5"]],
    [["link", "-", "--search-range", "5"], "frame,y,x\n"],
    [["run", "/dev/zero"]],
    [["acquire", "--config", "/dev/zero", "--camera", "sim"]],
    [["inspect", "line.csv"]],
    [["verify", "line.csv"]],
    [["recover", "line.csv", "--out", "r.csv"]],
  ] as [string[], string?][]) {
    const { code, bytes } = await peakBytes(words, input);
    expect([1, 2, 3], words.join(" ")).toContain(code);
    expect(bytes, words.join(" ")).toBeLessThan(most);
  }
}, 120_000);

test("a pipe that nobody writes to and a device are no files", async () => {
  await shell.run("mkfifo nobody.tif nobody.h5 nobody.json");
  symlinkSync("/dev/zero", at("zero.tif"));
  for (const command of ["inspect", "verify", "recover", "acquire --output /dev/null"]) {
    for (const file of ["nobody.tif", "nobody.h5", "zero.tif"]) {
      expect((await told(`mote ${command} ${file}`)).code, `${command} ${file}`).toBe(2);
    }
  }
  expect((await told("mote run nobody.json")).code).toBe(2);
  const run = { version: 1, stages: [] };
  writeFileSync(at("run.json"), JSON.stringify(run));
  expect((await told("mote run <(cat run.json)")).text).toContain("at least two stages");
});

test("names in a Zarr store that lead out of it are refused, by path, separator or link", async () => {
  const evil = at("evil.ome.zarr");
  const fresh = () => {
    rmSync(evil, { recursive: true, force: true });
    cpSync(at("secret.ome.zarr"), evil, { recursive: true });
  };
  const change = (name: string, edit: (text: string) => string) =>
    writeFileSync(join(evil, name), edit(readFileSync(join(evil, name), "utf8")));
  const attacks: Record<string, () => void> = {
    path: () => change("zarr.json", (text) => text.replace(/"path":\s*"0"/, '"path": "../secret.ome.zarr/0"')),
    absolute: () =>
      change("zarr.json", (text) => text.replace(/"path":\s*"0"/, `"path": "${at("secret.ome.zarr")}/0"`)),
    separator: () => change("0/zarr.json", (text) => text.replace(/"separator":\s*"."/, '"separator": "/../../x/"')),
    array: () => {
      rmSync(join(evil, "0"), { recursive: true });
      symlinkSync(at("secret.ome.zarr/0"), join(evil, "0"));
    },
    chunks: () => {
      rmSync(join(evil, "0/c"), { recursive: true });
      symlinkSync(at("secret.ome.zarr/0/c"), join(evil, "0/c"));
    },
  };
  for (const [name, attack] of Object.entries(attacks)) {
    fresh();
    attack();
    const { code } = await told("mote acquire evil.ome.zarr --output x.mote");
    expect([1, 2], name).toContain(code);
    rmSync(at("x.mote"), { force: true });
  }
  fresh();
  expect((await told("mote acquire evil.ome.zarr --output x.mote")).code).toBe(0);
  mkdirSync(at("other"));
  symlinkSync("../evil.ome.zarr", at("other/link.ome.zarr"));
  expect((await told("mote acquire other/link.ome.zarr --output y.mote")).code).toBe(0);
}, 60_000);

test("a parser's complaint is a message in every command, and the verdict of verify", async () => {
  const store = at("list.ome.zarr");
  cpSync(at("secret.ome.zarr"), store, { recursive: true });
  writeFileSync(join(store, "0/zarr.json"), "[]");
  for (const command of ["inspect", "verify", "recover", "acquire --output /dev/null"]) {
    const { code, text } = await told(`mote ${command} list.ome.zarr`);
    expect([1, 2], command).toContain(code);
    // What recover found is what it says: nothing.
    expect(text, command).toMatch(command === "recover" ? /no whole frame/ : /JSON object/);
  }
}, 60_000);

/** HDF5 keeps texts in a heap, one object behind the other by their sizes: zeros lead its reader in a circle. */
function withZeroedHeap(name: string): string {
  const bytes = readFileSync(at("whole.h5"));
  const heap = bytes.indexOf("GCOL");
  expect(heap).toBeGreaterThan(0);
  bytes.fill(0, heap + 16, heap + 512);
  writeFileSync(at(name), bytes);
  return name;
}

test("a file that the HDF5 library does not come back from fails every command", async () => {
  const file = withZeroedHeap("zeroed.h5");
  for (const command of [
    `inspect ${file}`,
    `acquire ${file} --output /dev/null`,
    `recover ${file} --out r.mote`,
    `verify ${file}`,
  ]) {
    const { code, text } = await told(`mote ${command}`);
    expect(code, command).toBe(1);
    expect(text, command).toContain("does not come back");
  }
}, 120_000);
