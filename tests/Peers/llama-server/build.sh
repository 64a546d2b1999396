#!/bin/sh
# Builds llama.cpp's llama-server from the sources that node-llama-cpp carries (pinned by ../package-lock.json), over the prebuilt
# libraries that Hybrid runs on. Needs git, cmake, a C++17 compiler, and a build of src/Runtime before. Takes minutes, once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
node "$here/../setup.mjs"
case "$(uname -m)" in aarch64 | arm64) platform=linux-arm64 ;; *) platform=linux-x64 ;; esac
libraries="$here/../../../native/node_modules/@node-llama-cpp/$platform/bins/$platform"
mkdir -p "$here/obj"
[ -d "$here/obj/source" ] || git clone --quiet "$here/../node_modules/node-llama-cpp/llama/gitRelease.bundle" "$here/obj/source"
ln -sfn "$libraries" "$here/obj/libraries"
cmake -S "$here" -B "$here/obj/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O0 -DSOURCE="$here/obj/source" -DLIBRARIES="$libraries"
cmake --build "$here/obj/build" --parallel 2
