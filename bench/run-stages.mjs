// Runs stages in one process of the real program: its report, its resident memory over time, its processor time.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const mote = new URL("../bin/mote.js", import.meta.url).pathname;

/** Processor seconds of a process so far, all threads: unlike frames a second, hardly touched by what else the machine does. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident megabytes of a process. */
function residentMb(pid) {
  const line = readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+) kB/);
  return line ? Number(line[1]) / 1024 : 0;
}

/** A run of stages in one process, in a folder: its report and its resident memory over time. */
export function run(folder, words) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [mote, "run", "--json", ...words], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const samples = [];
    let cpu = 0;
    let text = "";
    child.stderr.on("data", (chunk) => {
      text += chunk;
    });
    const timer = setInterval(() => {
      try {
        samples.push(residentMb(child.pid));
        cpu = cpuSeconds(child.pid);
      } catch {
        clearInterval(timer);
      }
    }, 50);
    child.on("exit", (code) => {
      clearInterval(timer);
      if (code !== 0) return reject(new Error(`${words.join(" ")}: exit ${code}\n${text}`));
      const line = text
        .trim()
        .split("\n")
        .findLast((one) => one.includes('"kind":"report"'));
      resolve({ report: JSON.parse(line), samples, cpu });
    });
  });
}
