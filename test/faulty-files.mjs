/**
 * A preload that makes the file system fail by rule, for tests of what a run leaves behind: `node --import` it into any of
 * our programs, and every thread of it has it. It wraps node:fs itself, so the code under test needs no seam, and what a
 * library writes (HDF5's file driver calls fs.writeSync) is met too. test/faulty-files.ts starts programs with it.
 *
 * FAULTY_FILES holds the rules, a JSON list; the first that applies acts:
 *   call    "write" (writeSync, writevSync, writeFileSync), "sync" (fsyncSync, fdatasyncSync), "truncate", "rename"
 *           (renameSync, linkSync) or "open" (openSync, mkdirSync, those that write or make something)
 *   path    a regular expression, matched with the whole path of the file
 *   from    the first call that fails, counted from 1 in each thread; default 1
 *   times   how many calls fail; default: all from there on
 *   error   the system's word that the call throws: "ENOSPC", "EIO", "EDQUOT", "EROFS", "EMFILE"
 *   short   a write stores at most so many bytes, and says so (with `error` or `dies`: stores these before it fails)
 *   dies    the process is killed (SIGKILL) at that call
 * FAULTY_FILES_LOG, where given, is a file that gets a line for each fault: the call and the path.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { constants } from "node:os";
import { join, resolve } from "node:path";
import { getSystemErrorMap } from "node:util";

const rules = JSON.parse(process.env.FAULTY_FILES ?? "[]").map((rule) => ({
  from: 1,
  times: Number.POSITIVE_INFINITY,
  ...rule,
  pattern: new RegExp(rule.path ?? "", "s"),
  seen: 0,
}));
const real = { ...fs };

/** Paths of descriptors that this thread opened; others are looked up where the system tells. */
const opened = new Map();

function pathOf(file) {
  // A file in a folder that is held by its descriptor has the folder's own path.
  if (typeof file !== "number") {
    return resolve(String(file)).replace(/^\/proc\/self\/fd\/[0-9]+(?=\/)/, (way) => real.readlinkSync(way));
  }
  try {
    const told = real.readlinkSync(`/proc/self/fd/${file}`);
    // A file that got its name by a link goes on under the one it was opened with, which is gone.
    return told.endsWith(" (deleted)") ? (opened.get(file) ?? told) : told;
  } catch {
    return opened.get(file) ?? "";
  }
}

/** The rule that this call meets. */
function ruleFor(call, file) {
  let path;
  for (const rule of rules) {
    if (rule.call !== call) continue;
    path ??= pathOf(file);
    if (!rule.pattern.test(path)) continue;
    rule.seen++;
    if (rule.seen < rule.from || rule.seen >= rule.from + rule.times) continue;
    log(call, path);
    return rule;
  }
  return undefined;
}

function log(call, path) {
  const to = process.env.FAULTY_FILES_LOG;
  if (!to) return;
  const fd = real.openSync(to, "a");
  real.writeSync(fd, `${call} ${path}\n`);
  real.closeSync(fd);
}

/** What a rule without a short write comes to: death or the system's error, as Node words it. */
function fail(rule, syscall) {
  if (rule.dies) process.kill(process.pid, "SIGKILL");
  if (rule.error === undefined) return;
  const errno = -constants.errno[rule.error];
  const words = getSystemErrorMap().get(errno)?.[1] ?? "unknown error";
  throw Object.assign(new Error(`${rule.error}: ${words}, ${syscall}`), { errno, code: rule.error, syscall });
}

/** Bytes that writeSync was asked to write, however it was called. */
function asked(data, rest) {
  if (typeof data === "string") {
    const [position, encoding] = rest;
    return { bytes: Buffer.from(data, typeof encoding === "string" ? encoding : "utf8"), position };
  }
  const given = typeof rest[0] === "object" && rest[0] !== null ? rest[0] : undefined;
  // Emscripten passes { position } behind offset and length.
  const last = typeof rest[2] === "object" && rest[2] !== null ? rest[2].position : rest[2];
  const offset = given ? (given.offset ?? 0) : (rest[0] ?? 0);
  const length = given ? given.length : rest[1];
  const whole = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return {
    bytes: whole.subarray(offset, offset + (length ?? whole.length - offset)),
    position: given ? given.position : last,
  };
}

function shortWrite(rule, fd, bytes, position, syscall) {
  const part = bytes.subarray(0, Math.min(bytes.length, Math.max(1, rule.short)));
  const wrote = real.writeSync(fd, part, 0, part.length, position ?? null);
  fail(rule, syscall);
  return wrote;
}

fs.writeSync = (fd, data, ...rest) => {
  const rule = ruleFor("write", fd);
  if (!rule) return real.writeSync(fd, data, ...rest);
  if (rule.short === undefined) fail(rule, "write");
  const { bytes, position } = asked(data, rest);
  return shortWrite(rule, fd, bytes, position, "write");
};

fs.writevSync = (fd, views, position) => {
  const rule = ruleFor("write", fd);
  if (!rule) return real.writevSync(fd, views, position);
  if (rule.short === undefined) fail(rule, "writev");
  return shortWrite(rule, fd, Buffer.concat(views), position, "writev");
};

// Node writes all of it or throws, so a short write is none here; it is not asked again through writeSync.
fs.writeFileSync = (file, ...rest) => {
  const rule = ruleFor("write", file);
  if (rule) fail(rule, "write");
  return real.writeFileSync(file, ...rest);
};

for (const name of ["fsyncSync", "fdatasyncSync"]) {
  fs[name] = (fd) => {
    const rule = ruleFor("sync", fd);
    if (rule) fail(rule, name.replace("Sync", ""));
    return real[name](fd);
  };
}

for (const name of ["ftruncateSync", "truncateSync"]) {
  fs[name] = (file, length) => {
    const rule = ruleFor("truncate", file);
    if (rule) fail(rule, "ftruncate");
    return real[name](file, length);
  };
}

for (const name of ["renameSync", "linkSync"]) {
  fs[name] = (from, to) => {
    const rule = ruleFor("rename", join(String(to)));
    if (rule) fail(rule, name.replace("Sync", ""));
    const done = real[name](from, to);
    const before = resolve(String(from));
    for (const [fd, path] of opened) if (path === before) opened.set(fd, resolve(String(to)));
    return done;
  };
}

fs.openSync = (path, flags, ...rest) => {
  const isRead = flags === undefined || flags === "r" || flags === fs.constants.O_RDONLY;
  const rule = isRead ? undefined : ruleFor("open", path);
  if (rule) fail(rule, "open");
  const fd = real.openSync(path, flags, ...rest);
  opened.set(fd, resolve(String(path)));
  return fd;
};

fs.mkdirSync = (path, ...rest) => {
  const rule = ruleFor("open", path);
  if (rule) fail(rule, "mkdir");
  return real.mkdirSync(path, ...rest);
};

syncBuiltinESMExports();
