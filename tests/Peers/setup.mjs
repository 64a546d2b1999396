// Installs the peers once and lends them the very libraries that Hybrid runs on, so that a comparison is of code, not of builds.
import {spawnSync} from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import {fileURLToPath} from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const stamp = path.join(here, "node_modules", ".setup");
const lock = fs.readFileSync(path.join(here, "package-lock.json"), "utf8");
const link = path.join(here, "node_modules", "@node-llama-cpp");
const natives = path.join(here, "..", "..", "native", "node_modules", "@node-llama-cpp");

if (!fs.existsSync(stamp) || fs.readFileSync(stamp, "utf8") !== lock) {
  // `npm ci` refuses a lock that leaves optional platform packages out; this keeps the lock's hashes and changes nothing.
  const npm = spawnSync("npm", ["install", "--omit=optional", "--no-save"], {cwd: here, stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32"});
  if (npm.status !== 0)
    process.exit(npm.status ?? 1);
  fs.writeFileSync(stamp, lock);
}

if (!fs.existsSync(natives)) {
  console.error("The llama.cpp libraries are not there yet: build src/Runtime first.");
  process.exit(1);
}

fs.rmSync(link, {recursive: true, force: true});
fs.symlinkSync(path.relative(path.dirname(link), natives), link, "junction");
