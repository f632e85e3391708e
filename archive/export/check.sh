#!/bin/sh
# Check an evidence pack with sh, coreutils and openssl: sh check.sh PACK OFFSET LENGTH [ROOTS]
# OFFSET and LENGTH say where in the pack the list of its files lies (the sheet has them).
# ROOTS are certificates (PEM) of time stamp authorities that you trust; without them those in the pack are taken.
set -u; export OPENSSL_CONF=/dev/null LC_ALL=C
pack=$1 offset=$2 length=$3 roots=${4:-} bad=0
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
[ -z "$roots" ] || roots=$(realpath "$roots")
say() { if [ "$1" -eq 0 ]; then echo "right  $2"; else echo "WRONG  $2"; bad=1; fi; }
part() { tail -c "+$(($2 + 1))" "$1" | head -c "$3"; }
sha() { sha256sum | cut -c1-64; }
bytes() { printf %s "$1" | tr a-f A-F | basenc --base16 -d; }
field() { while read -r name value; do
  if [ "$name" = "\"$2\":" ]; then value=${value%,}; value=${value#\"}; echo "${value%\"}"; break; fi; done < "$1"; }

# 1. The files of the pack are those of its list.
part "$pack" "$offset" "$length" > "$work/files"
while read -r digest start size name; do
  part "$pack" "$start" "$size" > "$work/${name##*/}"
  test "$(sha < "$work/${name##*/}")" = "$digest"; say $? "file $name"
done < "$work/files"
cd "$work" || exit 2

# 2. Each seal is signed by its key, stamped by its authorities, and follows the one before.
last=none
for json in 0*.json; do
  seal=${json%.json}
  openssl pkeyutl -verify -pubin -inkey "$seal.pem" -rawin -in "$json" -sigfile "$seal.sig" > /dev/null 2>&1
  say $? "seal $seal: signed by the key in $seal.pem"
  for stamp in "$seal".*.tsr; do
    [ -e "$stamp" ] || { echo "none   seal $seal: no time stamp"; continue; }
    at=$(openssl ts -reply -in "$stamp" -text 2> /dev/null | while IFS= read -r line; do
      case $line in "Time stamp: "*) date -u -d "${line#Time stamp: }" +%s;; esac; done)
    openssl ts -verify -data "$json" -in "$stamp" -CAfile "${roots:-${stamp%.tsr}.chain}" -attime "${at:-0}" > /dev/null 2>&1
    say $? "seal $seal: stamped $(date -u -d "@${at:-0}" +%FT%TZ), $stamp"
  done
  [ "$last" = none ] || [ "$(field "$json" number)" -ne $(($(field "$last" number) + 1)) ] ||
    { test "$(sha < "$last")" = "$(field "$json" previous)"; say $? "seal $seal: made after ${last%.json}"; }
  last=$json
done

# 3. Each record is in the pack byte for byte, and under the root of its seal.
while IFS=' ' read -r word rest; do
  case $word in
    record) number=${rest%% *} place=${rest#* } ;;
    leaf) digest=$(printf %s "$rest" | cut -f4) id=$(printf %s "$rest" | cut -f1,2)
      test "$(part data.warc.gz "${place% *}" "${place#* }" | sha)" = "$digest"; same=$?
      top=$(printf '\000%s' "$rest" | sha) ;;
    left) top=$({ printf '\001'; bytes "$rest$top"; } | sha) ;;
    right) top=$({ printf '\001'; bytes "$top$rest"; } | sha) ;;
    end) test "$same" -eq 0 && test "$top" = "$(field "$number.json" root)"; say $? "record $id under seal $number" ;;
  esac
done < proofs.txt
if [ "$bad" -eq 0 ]; then echo "All is right."; else echo "NOT ALL IS RIGHT."; fi
exit "$bad"
