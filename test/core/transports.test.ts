import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { streamOut } from "../../src/commands/stream-out.js";
import { type Connection, Held } from "../../src/core/held.js";
import { descriptorOf } from "../../src/core/stream/listen.js";
import type { SharedDescriptor } from "../../src/core/stream/once-closed.js";
import { mostSocketPathBytes, socketPathProblem } from "../../src/core/stream/socket-path.js";
import { file } from "../../src/core/stream/transports/file.js";
import { namedPipe } from "../../src/core/stream/transports/named-pipe.js";
import { network } from "../../src/core/stream/transports/network.js";
import { addressesText, endsInFile, transportOf } from "../../src/core/stream/transports/registry.js";
import { standard } from "../../src/core/stream/transports/standard.js";
import { unixSocket } from "../../src/core/stream/transports/unix-socket.js";
import { until } from "../until.js";

const folder = mkdtempSync(join(tmpdir(), "mote-transports-"));
const at = (name: string) => join(folder, name);
writeFileSync(at("file"), "");
mkdirSync(at("folder"));
execFileSync("mkfifo", [at("pipe")]);
symlinkSync(at("pipe"), at("link"));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["-", standard],
  ["unix:/tmp/a.sock", unixSocket],
  ["tcp://somewhere:7", network],
  ["grpc://somewhere:7", network],
  [at("pipe"), namedPipe],
  [at("link"), namedPipe],
  ["/dev/null", namedPipe],
  [at("file"), file],
  [at("folder"), file],
  [at("nothing"), file],
  ["unix", file],
])("%s has one transport, to read and to write", (address, transport) => {
  expect(transportOf(address, "input")).toBe(transport);
  expect(transportOf(address, "output")).toBe(transport);
  expect(endsInFile(address)).toBe(transport === standard ? endsInFile("-") : transport === file);
});

test("help offers every transport that there is", () => {
  expect(addressesText("input")).toBe(
    "- (stdin), unix:/path to listen on, tap:/path of a run's --tap unix:/path, a named pipe, or a .mote file",
  );
  expect(addressesText("output")).toBe("- (stdout), unix:/path to connect to, a named pipe, or a .mote file");
});

test("a socket that is listened on is held with its lock until its writer has come, and both go with the list", async () => {
  const path = at("s");
  const held = new Held();
  const waiting = transportOf(`unix:${path}`, "input").openInput("track", `unix:${path}`, held);
  await until(() => existsSync(path), { what: "the socket" });
  expect(held.names).toEqual([`the lock of ${path}`, `unix:${path}`]);
  const writer = connect({ path });
  const { opening } = await waiting;
  writer.destroy();
  expect([opening, held.names, existsSync(path), existsSync(at(".s.lock"))]).toEqual(["once", [], false, false]);
  void transportOf(`unix:${path}`, "input").openInput("track", `unix:${path}`, held);
  await until(() => existsSync(path), { what: "the socket" });
  expect(held.releaseAll()).toEqual([]);
  expect([existsSync(path), existsSync(at(".s.lock"))]).toEqual([false, false]);
});

test("a socket's path has as many bytes as its address has room for, and not one more, to listen and to connect", async () => {
  const long = (bytes: number) => `${"ü".repeat((bytes - (bytes % 2)) / 2)}${"x".repeat(bytes % 2)}`;
  const held = new Held();
  for (const [path, what] of [
    [long(mostSocketPathBytes + 1), `may have ${mostSocketPathBytes} bytes, this one has ${mostSocketPathBytes + 1}`],
    ["", "names no socket"],
  ] as const) {
    const address = `unix:${path}`;
    const listening = Promise.resolve(transportOf(address, "input").openInput("track", address, held));
    await expect(listening).rejects.toMatchObject({ exitCode: 2, problems: [{ code: "bad-option" }] });
    await expect(listening).rejects.toThrow(what);
    const connecting = await transportOf(address, "output").outputProblem?.("track", address, {});
    expect(connecting).toMatchObject({ code: "bad-option", what: expect.stringContaining(what) });
  }
  expect(held.names).toEqual([]);
  expect(socketPathProblem("track", long(mostSocketPathBytes))).toBeUndefined();

  const fitting = `${folder}/${"x".repeat(mostSocketPathBytes - Buffer.byteLength(folder) - 1)}`;
  void transportOf(`unix:${fitting}`, "input").openInput("track", `unix:${fitting}`, held);
  await until(() => existsSync(fitting), { what: "a socket with the longest path that there is" });
  expect(held.releaseAll()).toEqual([]);
});

/** What `mote acquire --output ...` holds once it is connected. */
async function connected(output: string) {
  const plan = { output, checksums: "on", force: false, writer: "acquire" };
  const context = { label: "stream-out", holder: new Held() };
  return (await streamOut.connect!(plan, context)) as Connection<SharedDescriptor> | undefined;
}

test.each([
  ["of a named pipe", at("pipe"), () => openSync(at("pipe"), constants.O_RDONLY | constants.O_NONBLOCK)],
  ["that listens", `unix:${at("later")}`, listening],
])(
  "a stream's way out waits for the reader %s before anything is open, and lets go of it once",
  async (_, output, read) => {
    const connecting = connected(output);
    const fd = await read();
    const connection = (await connecting)!;
    expect(connection.lifetime).toBe("ends-with-process");
    await connection.disconnect("abrupt");
    await connection.disconnect("in-order");
    // The end of what nobody writes any more: nothing else of it is open.
    await until(() => atItsEnd(fd), { what: "the end of the stream" });
    closeSync(fd);
  },
);

test.each(["-", "/dev/null", at("new.mote")])("a stream to %s waits for nobody", async (output) => {
  expect(await connected(output)).toBeUndefined();
});

/** The descriptor of the one connection that comes. */
function listening(): Promise<number> {
  return new Promise((came) => {
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      server.close();
      came(descriptorOf(socket));
    });
    server.listen(at("later"));
  });
}

function atItsEnd(fd: number): boolean {
  try {
    return readSync(fd, new Uint8Array(1)) === 0;
  } catch (error) {
    expect((error as { code?: string }).code).toBe("EAGAIN");
    return false;
  }
}
