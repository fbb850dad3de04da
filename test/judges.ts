/** What tests may lean on besides npm packages: where it is, or why the test is skipped. In CI nothing may be skipped. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "vitest";

const data = resolve("../shared/data");

/** A test that needs the reference images and tables. */
export const testWithData = existsSync(data) || process.env.MOTE_REQUIRE_JUDGES ? test : test.skip;
export const dataFolder = data;
export const compareTracks = resolve("../shared/tools/compare-tracks.mjs");

/** A test that needs a Python with the packages of test/judges.txt, named by MOTE_PYTHON. */
export const python = process.env.MOTE_PYTHON;
export const testWithPython = python || process.env.MOTE_REQUIRE_JUDGES ? test : test.skip;

/** Other people's programs from Debian's packages, by package. */
const packages = { "libtiff-tools": "tiffinfo", "libjxl-tools": "djxl" } as const;
function testWithPackage(name: keyof typeof packages) {
  const isThere = spawnSync(packages[name], ["--version"]).error === undefined;
  return isThere || process.env.MOTE_REQUIRE_JUDGES ? test : test.skip;
}

/** A test that needs libtiff's own programs, tiffinfo and tiffcmp. */
export const testWithLibtiff = testWithPackage("libtiff-tools");
/** A test that needs libjxl's own programs, djxl and cjxl. */
export const testWithLibjxl = testWithPackage("libjxl-tools");

/** Whether a test may mount a small disk: Linux, root, and a kernel that lets it. */
export const canMountSmallDisk = (() => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const probe = mkdtempSync(join(tmpdir(), "mote-mount-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", probe]).status === 0;
  if (mounted) spawnSync("umount", [probe]);
  rmSync(probe, { recursive: true });
  return mounted;
})();
