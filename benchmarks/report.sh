#!/bin/sh
# Every figure of benchmarks/README.md, measured again and put there: about an hour and a half on a quiet machine.
# Real speech in ../shared is used where it is; without it the calls are the samples, and the engine is left out.
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin
out=benchmarks/results
shared=../shared/data
call=$shared/aws_calls/audio
mkdir -p "$out"
real=
[ -d "$shared" ] && real="--recordings $call"

load() { # name, then options
    name=$1
    shift
    "$bin/callcue" bench load "$@" --json "$out/load-$name.json"
}

load 01-tiny --calls 1 --seconds 120 --model tiny.en
load 01-base --calls 1 --seconds 60 --model base
for calls in 8 16 24 36; do
    load "$calls-tiny" --calls "$calls" --seconds 60 --model tiny.en $real
done
load 30-tiny --calls 30 --seconds 300 --model tiny.en $real
load 12-base --calls 12 --seconds 300 --model base $real
load 18-base --calls 18 --seconds 60 --model base $real
load 30-twilio --calls 30 --seconds 60 --model tiny.en --framing twilio $real

# The calls that the machine holds by the above; churn and recordings take eight minutes.
"$bin/callcue" bench overload --calls "${CALLCUE_HELD:-36}" --seconds 30 --json "$out/overload.json"
"$bin/callcue" bench churn --callers 30 --seconds 240 --json "$out/churn.json" --plot "$out/churn.png"
CALLCUE_MODEL__WORKER=scripted CALLCUE_MODEL__SCRIPT="$PWD/samples/good_call.truth.json" \
    "$bin/callcue" bench churn --callers 30 --seconds 120 --json "$out/churn-scripted.json"
"$bin/callcue" bench score --model tiny.en --times 2 --json "$out/score-tiny.json"
"$bin/callcue" bench score --model base --json "$out/score-base.json"
"$bin/callcue" bench threads --passes 3 --json "$out/threads.json"
"$bin/callcue" bench traffic --calls 6 --seconds 60 --json "$out/traffic.json"

if [ -d "$shared" ]; then
    sets="--recordings $shared/an4 --recordings $shared/ravdess"
    sets="$sets --recordings $shared/aws_calls --recordings $shared/speechocean762_adults"
    "$bin/callcue" bench engine $sets --count 40 --json "$out/engine.json"
    "$bin/callcue" bench batches $sets --json "$out/batches.json"
    "$bin/callcue" bench voice --call "$call/auto_repairs_49.flac" --json "$out/voice-activity.json"
    "$bin/callcue" bench peers --recordings "$call/auto_repairs_49.flac" --json "$out/peers.json"
else
    "$bin/callcue" bench voice --json "$out/voice-activity.json"
fi
for calls in 12 50 200; do
    "$bin/callcue" bench console --calls "$calls" --seconds 60 --json "$out/console-$(printf %03d "$calls").json"
done
"$bin/callcue" bench console --day 8 --calls 12 --speed 150 --json "$out/console-day.json"
if [ -x "$bin/py-spy" ]; then
    "$bin/callcue" bench profile --calls 24 --json "$out/profile.json"
fi
"$bin/python" -m benchmarks.report "$out"
