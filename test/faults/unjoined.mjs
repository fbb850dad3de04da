// The command line of modules as tsc leaves them: a preload can reach into these, and not into the joined ones that bin starts.
import { main } from "../../dist/core/cli/main.js";

process.on("SIGUSR1", () => {});
await main(process.argv.slice(2));
