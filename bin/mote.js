#!/usr/bin/env node
process.on("SIGUSR1", () => {}); // Node answers it by opening a debugger.
await (await import("../dist/core/cli/main.js")).main(process.argv.slice(2));
