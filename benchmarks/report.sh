#!/bin/sh
# Every figure of benchmarks/README.md, measured again and put there: about twelve minutes on a quiet machine.
# Real speech in ../shared is used where it is; without it the calls are the samples, and the engine is left out.
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin
out=benchmarks/results
shared=../shared/data
mkdir -p "$out"

load() { # name, then options
    name=$1
    shift
    "$bin/callcue" bench load "$@" --json "$out/load-$name.json"
}

load 01-tiny --calls 1 --seconds 120 --model tiny.en
load 01-base --calls 1 --seconds 60 --model base
load 08-tiny --calls 8 --seconds 60 --model tiny.en
load 16-tiny --calls 16 --seconds 60 --model tiny.en
load 24-tiny --calls 24 --seconds 60 --model tiny.en
load 08-base --calls 8 --seconds 60 --model base
load 08-twilio --calls 8 --seconds 60 --model tiny.en --framing twilio

# The calls that the machine holds by the above; churn and recordings take eight minutes.
"$bin/callcue" bench overload --calls "${CALLCUE_HELD:-24}" --seconds 30 --json "$out/overload.json"
"$bin/callcue" bench churn --callers 30 --seconds 240 --json "$out/churn.json" --plot "$out/churn.png"
CALLCUE_MODEL__WORKER=scripted CALLCUE_MODEL__SCRIPT="$PWD/samples/good_call.truth.json" \
    "$bin/callcue" bench churn --callers 30 --seconds 120 --json "$out/churn-scripted.json"
"$bin/callcue" bench score --model tiny.en --times 2 --json "$out/score-tiny.json"
"$bin/callcue" bench score --model base --json "$out/score-base.json"

if [ -d "$shared" ]; then
    "$bin/callcue" bench engine --recordings "$shared/an4" --recordings "$shared/ravdess" \
        --recordings "$shared/speechocean762_adults" --count 20 --json "$out/engine.json"
    "$bin/callcue" bench voice --call "$shared/aws_calls/audio/auto_repairs_49.flac" \
        --json "$out/voice-activity.json"
else
    "$bin/callcue" bench voice --json "$out/voice-activity.json"
fi
if [ -x "$bin/py-spy" ]; then
    "$bin/callcue" bench profile --calls 8 --json "$out/profile.json"
fi
"$bin/python" -m benchmarks.report "$out"
