// Adds up vitest's JSON reports and prints "tests: N passed, N failed, N skipped" last. Fails when a test failed or was skipped
// (CI has every judge), when a report is missing, and when a test file of the tree ran in none of them.
import { readdirSync, readFileSync } from "node:fs";
import { relative } from "node:path";

const reports = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
const sum = (field) => reports.reduce((total, report) => total + (report[field] ?? 0), 0);
const [passed, failed] = [sum("numPassedTests"), sum("numFailedTests")];
const skipped = sum("numPendingTests") + sum("numTodoTests");

const results = reports.flatMap(({ testResults }) => testResults);
const ran = new Set(results.map(({ name }) => relative(".", name)));
const there = readdirSync("test", { recursive: true }).filter((name) => name.endsWith(".test.ts"));
const missing = there.map((name) => `test/${name}`).filter((name) => !ran.has(name));
// A file that cannot even be loaded has no tests to count as failed.
const broken = results.filter(({ status, assertionResults }) => status === "failed" && assertionResults.length === 0);

for (const { fullName, status } of results.flatMap(({ assertionResults }) => assertionResults))
  if (status !== "passed" && status !== "failed") console.error(`skipped, though CI has every judge: ${fullName}`);
for (const name of missing) console.error(`ran in no tier: ${name}`);
for (const { name, message } of broken) console.error(`could not be loaded: ${name}: ${message}`);

console.log(`tests: ${passed} passed, ${failed} failed, ${skipped} skipped`);
if (failed + skipped + missing.length + broken.length > 0 || passed === 0) process.exitCode = 1;
