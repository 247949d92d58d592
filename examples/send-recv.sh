#!/bin/sh
# Copies a directory through a pipe, then only what the copy is missing: once by a list of what it has, once
# by a talk both ways. On two machines the right side of each pipe is `ssh host rsync-stream ...`.
#
#     sh examples/send-recv.sh
set -eu
rsync_stream() { node "$(dirname "$0")/../dist/cli/main.js" "$@"; }

folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
mkdir "$folder/original"
echo "one" > "$folder/original/one.txt"
seq 1 200000 > "$folder/original/numbers.txt"

rsync_stream send "$folder/original/" | rsync_stream recv "$folder/copy"

echo "two" > "$folder/original/two.txt"
rsync_stream have "$folder/copy" > "$folder/list"
rsync_stream send --have "$folder/list" "$folder/original/" | rsync_stream recv "$folder/copy"

echo "three" >> "$folder/original/numbers.txt"
mkfifo "$folder/back"
rsync_stream send --duplex "$folder/original/" < "$folder/back" |
  rsync_stream recv --duplex "$folder/copy" > "$folder/back"

diff -r "$folder/original" "$folder/copy"
echo "The copy is exact."
