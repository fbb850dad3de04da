#!/usr/bin/env node
import { existsSync } from "node:fs";

process.on("SIGUSR1", () => {}); // Node answers it by opening a debugger.
const joined = new URL("../dist/start/chunks/main.js", import.meta.url); // scripts/bundle.mjs; tsc alone does not make it.
const { main } = await import(existsSync(joined) ? joined.href : "../dist/core/cli/main.js");
await main(process.argv.slice(2));
