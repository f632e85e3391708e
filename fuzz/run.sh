#!/usr/bin/env bash
# Runs each fuzz target for FUZZ_SECONDS (20), with atheris in a virtual environment of its own; says so when it cannot be had.
set -uo pipefail
cd "$(dirname "$0")/.."
python=${1:-.venv/bin/python} seconds=${FUZZ_SECONDS:-20} home=build/fuzz
mkdir -p "$home"
if [ ! -x "$home/venv/bin/python" ]; then
  "$python" -m venv "$home/venv" && "$home/venv/bin/pip" --quiet --disable-pip-version-check install atheris ||
    { rm -rf "$home/venv"; echo "skipped: atheris cannot be installed for $("$python" --version)"; exit 0; }
fi
site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
PYTHONPATH="." "$python" fuzz/seeds.py "$home/seeds"
failed=0
for target in ${FUZZ_TARGETS:-$(sed -n 's/^def fuzz_\([a-z]*\).*/\1/p' fuzz/targets.py)}; do
  mkdir -p "$home/$target" "$home/seeds/$target"
  echo "== $target, $seconds s"
  PYTHONPATH=".:$site" "$home/venv/bin/python" -W ignore fuzz/drive.py "$target" "$home/$target" "$home/seeds/$target" -max_total_time="$seconds" \
    -timeout=10 -rss_limit_mb=2048 -max_len=8192 -artifact_prefix="$home/$target-" -print_final_stats=1 -verbosity=0 2>&1 |
    grep -v -E '^(WARNING: (Failed|no inter)|INFO: Instr|stat::(new_units|slowest|peak))' || true
  [ "${PIPESTATUS[0]}" = 0 ] || { failed=1; echo "FOUND: $target, input in $home/$target-*"; }
done
exit $failed
