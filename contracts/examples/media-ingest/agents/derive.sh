# Shared by the agents that derive files with ffmpeg. A task's input is JSON on stdin, its output JSON on stdout.
# shellcheck shell=bash
set -euo pipefail

bad_data=65  # no retry: the same input fails the same way
not_now=75   # a passing state: tried again as the contract says

give_up() { # STATUS MESSAGE
    echo "$2" >&2
    exit "$1"
}

input=$(cat)
jq -e 'type == "object"' >/dev/null 2>&1 <<<"$input" || give_up $bad_data "the input is not a JSON object"

# The text of a member of the input, or the default.
field() { # NAME [DEFAULT]
    jq -er --arg name "$1" --arg default "${2-}" '.[$name] // $default | tostring | select(. != "")' <<<"$input" ||
        give_up $bad_data "the input has no $1"
}

path=$(field path)
directory=$(field outputDirectory)
microseconds=$(jq -r '(.durationSeconds // 0) * 1000000 | floor' <<<"$input")
[[ -r $path ]] || give_up $not_now "cannot read $path"
mkdir -p -- "$directory" || give_up $not_now "cannot make $directory"
stem=$(basename -- "$path")
stem=${stem%.*}

encoder=
part=
# Runs at the end, also at SIGTERM (the task was cancelled): no encoder and no half file stays behind.
clean_up() {
    [[ -z $encoder ]] || kill "$encoder" 2>/dev/null || true
    [[ -z $part ]] || rm -f -- "$part"
}
trap clean_up EXIT
trap 'exit 143' TERM INT

# Encodes to a hidden name and renames: a file with the target's name is whole, and a second attempt is harmless.
# Only the `file` protocol: a crafted file cannot make ffmpeg open an address.
encode() { # FROM TO TARGET FFMPEG-OPTION… (FROM and TO: the part of the progress this takes, in percent)
    local from=$1 to=$2 target=$3
    shift 3
    part="$(dirname -- "$target")/.$$.$(basename -- "$target")"
    ffmpeg -nostdin -hide_banner -loglevel error -y -protocol_whitelist file -i "file:$path" "$@" \
        -progress pipe:1 "file:$part" > >(report_progress "$from" "$to") &
    encoder=$!
    wait "$encoder" || give_up 1 "ffmpeg could not make $target"
    encoder=
    mv -f -- "$part" "$target"
    part=
}

# Turns ffmpeg's `out_time_us=` lines into progress: a line on stderr that begins with `waybill:progress`.
report_progress() { # FROM TO
    local key value done_percent
    while IFS='=' read -r key value; do
        [[ $key == out_time_us && $value =~ ^[0-9]+$ && $microseconds -gt 0 ]] || continue
        done_percent=$(($1 + ($2 - $1) * value / microseconds))
        ((done_percent < $2)) || done_percent=$2
        printf 'waybill:progress %d.%02d encoding\n' $((done_percent / 100)) $((done_percent % 100)) >&2
    done
}
