// Runs every benchmark and keeps what they print, with the machine and the commit, under bench/runs/.
// npm run bench; MOTE_PYTHON names a Python with trackpy to put its time beside ours.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

function git(...words) {
  return execFileSync("git", words, { encoding: "utf8" }).trim();
}

const date = new Date().toISOString().slice(0, 10);
const cpu = cpus()[0].model.trim();
const isDirty = git("status", "--porcelain", "--untracked-files=no") !== "";
const lines = [
  `# Benchmarks of ${date}`,
  "",
  `- commit ${git("rev-parse", "--short=12", "HEAD")}${isDirty ? " with uncommitted changes" : ""}`,
  `- ${cpu}, ${cpus().length} cores (shared), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${process.platform} ${process.arch}, Node ${process.version}`,
  "- every benchmark verifies the result it times; medians; the machine is shared, so take ratios",
];

function bench(title, command, words, env = {}) {
  console.log(`## ${title}`);
  const { stdout, stderr, status } = spawnSync(command, words, {
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  });
  process.stdout.write(stdout);
  if (status !== 0) process.stderr.write(stderr);
  lines.push(
    "",
    `## ${title}`,
    "",
    `\`${[command === process.execPath ? "node" : "python", ...words].join(" ")}\``,
    "",
    "```",
    stdout.trimEnd(),
    ...(status === 0 ? [] : [`failed: exit ${status}`]),
    "```",
  );
  return status === 0;
}

const only = process.argv.slice(2);
const benches = ["locate", "tiles", "link", "refine", "stream", "pipeline", "archive"].filter(
  (name) => existsSync(`bench/${name}.mjs`) && (only.length === 0 || only.includes(name)),
);
let ok = true;
for (const name of benches) ok = bench(name, process.execPath, ["--expose-gc", `bench/${name}.mjs`]) && ok;
const python = process.env.MOTE_PYTHON;
if (python && existsSync("../shared/tools/peer-trackpy.py"))
  ok = bench("trackpy on the same machine", python, ["../shared/tools/peer-trackpy.py"]) && ok;
mkdirSync("bench/runs", { recursive: true });
const path = `bench/runs/${date}-${cpu.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.md`;
writeFileSync(path, `${lines.join("\n")}\n`);
console.log(`written: ${path}`);
if (!ok) process.exitCode = 1;
