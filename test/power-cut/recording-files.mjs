/**
 * A preload that records what a program does to the files below a folder, in order: names, bytes and syncs, so that a power cut
 * can be played (test/power-cut/power-cut.ts). It wraps node:fs, as test/faulty-files.mjs does. Environment:
 *   RECORDED_FOLDER  the folder, which is there
 *   RECORDED_LOG     gets a line of JSON for each operation that was done
 *   RECORDED_BOOT    "earlier": the machine is started again before its files are read; "same": only the disk is cut off
 * What a program says itself goes between them: `globalThis.recordMark({ durable: [first, count] })`.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname } from "node:path";

const real = { ...fs, openPromise: fs.promises.open };
const log = real.openSync(process.env.RECORDED_LOG, "a");
/** What stands for an inode, whose number the system gives again once it is free. */
const ids = new Map();
let next = 0;

const inodeOf = (path) => String(real.statSync(path, { bigint: true }).ino);
const idOf = (path) => ids.get(inodeOf(path));
const idOfOpen = (fd) => ids.get(String(real.fstatSync(fd, { bigint: true }).ino));
const identify = (path) => {
  ids.set(inodeOf(path), ++next);
  return next;
};

function record(line) {
  real.writeSync(log, `${JSON.stringify(line)}\n`);
}

if (process.env.RECORDED_BOOT === "earlier") {
  fs.readFileSync = (path, ...rest) =>
    path === "/proc/sys/kernel/random/boot_id" ? "earlier" : real.readFileSync(path, ...rest);
}

globalThis.recordMark = record;
record({ op: "root", id: identify(process.env.RECORDED_FOLDER) });

/** Where a name stands, if it is below the folder. */
function place(path) {
  let folder;
  try {
    folder = idOf(dirname(path));
  } catch {
    return undefined;
  }
  return folder === undefined ? undefined : { folder, name: basename(path) };
}

const isThere = (path) => real.existsSync(path);

fs.openSync = (path, flags, ...rest) => {
  const at = place(String(path));
  const wasThere = at && isThere(path);
  const fd = real.openSync(path, flags, ...rest);
  if (!at) return fd;
  if (!wasThere) record({ op: "make", ...at, id: identify(path) });
  else if (typeof flags === "string" && flags.startsWith("w")) record({ op: "truncate", id: idOf(path), bytes: 0 });
  return fd;
};

fs.mkdirSync = (path, ...rest) => {
  const made = real.mkdirSync(path, ...rest);
  const at = place(String(path));
  if (at) record({ op: "makeFolder", ...at, id: identify(path) });
  return made;
};

/** Where a write without a place goes. */
function standsAt(fd) {
  const [, position, flags] = /pos:\s*(\d+)\s+flags:\s*(\d+)/.exec(
    real.readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"),
  );
  const isAppending = (Number.parseInt(flags, 8) & fs.constants.O_APPEND) !== 0;
  return isAppending ? real.fstatSync(fd).size : Number(position);
}

function bytesOf(data, offset, length) {
  const whole = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return whole.subarray(offset ?? 0, (offset ?? 0) + (length ?? whole.length - (offset ?? 0)));
}

function recordWrite(id, at, bytes) {
  record({ op: "write", id, at, data: bytes.toString("base64") });
}

fs.writeSync = (fd, data, ...rest) => {
  const id = idOfOpen(fd);
  if (id === undefined) return real.writeSync(fd, data, ...rest);
  if (typeof data === "string") throw new Error("a text was written to a recorded file");
  const given = typeof rest[0] === "object" && rest[0] !== null ? rest[0] : undefined;
  const last = typeof rest[2] === "object" && rest[2] !== null ? rest[2].position : rest[2];
  const position = given ? given.position : last;
  const at = position ?? standsAt(fd);
  const wrote = real.writeSync(fd, data, ...rest);
  const offset = given ? given.offset : rest[0];
  recordWrite(id, Number(at), bytesOf(data, offset, wrote));
  return wrote;
};

fs.writevSync = (fd, views, position) => {
  const id = idOfOpen(fd);
  if (id === undefined) return real.writevSync(fd, views, position);
  const at = position ?? standsAt(fd);
  const wrote = real.writevSync(fd, views, position);
  recordWrite(id, Number(at), Buffer.concat(views.map((view) => bytesOf(view))).subarray(0, wrote));
  return wrote;
};

fs.ftruncateSync = (fd, bytes = 0) => {
  real.ftruncateSync(fd, bytes);
  const id = idOfOpen(fd);
  if (id !== undefined) record({ op: "truncate", id, bytes });
};

fs.renameSync = (from, to) => {
  const [old, made] = [place(String(from)), place(String(to))];
  real.renameSync(from, to);
  if (old || made) record({ op: "rename", old, made, id: idOf(to) });
};

fs.linkSync = (from, to) => {
  real.linkSync(from, to);
  const at = place(String(to));
  if (at) record({ op: "link", ...at, id: idOf(to) });
};

for (const name of ["unlinkSync", "rmdirSync"]) {
  fs[name] = (path) => {
    const at = place(String(path));
    real[name](path);
    if (at) record({ op: "unlink", ...at });
  };
}

for (const name of ["fsyncSync", "fdatasyncSync"]) {
  fs[name] = (fd) => {
    real[name](fd);
    const id = idOfOpen(fd);
    if (id !== undefined) record({ op: "sync", id });
  };
}

fs.promises.open = async (...given) => {
  const handle = await real.openPromise(...given);
  const { sync } = handle;
  handle.sync = async () => {
    // What is written while it goes on is not in it.
    const id = idOfOpen(handle.fd);
    await sync.call(handle);
    if (id !== undefined) record({ op: "sync", id });
  };
  return handle;
};

syncBuiltinESMExports();
