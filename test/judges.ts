/** What tests may lean on besides npm packages: where it is, or why the test is skipped. In CI nothing may be skipped. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "vitest";

const data = resolve("../shared/data");

/** A test that needs the reference images and tables. */
export const testWithData = existsSync(data) || process.env.MOTE_REQUIRE_JUDGES ? test : test.skip;
export const dataFolder = data;
export const compareTracks = resolve("../shared/tools/compare-tracks.mjs");

/** A test that needs a Python with the packages of test/judges.txt, named by MOTE_PYTHON. */
export const python = process.env.MOTE_PYTHON;
export const testWithPython = python || process.env.MOTE_REQUIRE_JUDGES ? test : test.skip;
