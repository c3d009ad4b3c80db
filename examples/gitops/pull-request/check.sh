#!/bin/sh
# Checks the connections of a pull request: every manifest must be valid, and a summary (Markdown) tells what merging it
# would do, in numbers. It names no person and no contact: plans do, so their output goes no further than a private file.
#
# usage: check.sh [--base COMMIT] [--summary FILE] [--no-plan] FOLDER... [-- ARGUMENT...]
#   --base COMMIT    plan only the connections that changed since COMMIT; without it, all
#   --summary FILE   where the summary goes; without it, standard output
#   --no-plan        only validate: needs no directory, desk or secret
#   -- ARGUMENT...   more arguments of `contactsync plan`, such as --cluster-name production --secrets-dir secrets
# CONTACTSYNC names the program (contactsync).
# exit: 0 valid and planned, with or without changes; 2 invalid, or a plan could not be made
set -eu

program=${CONTACTSYNC:-contactsync}
base='' summary='' plan=yes

usage() {
    sed -n '/^# usage:/,/^# exit:/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
: >"$work/folders"

while [ $# -gt 0 ]; do
    case $1 in
        --base) base=${2:?--base: name a commit}; shift 2 ;;
        --summary) summary=${2:?--summary: name a file}; shift 2 ;;
        --no-plan) plan=no; shift ;;
        --) shift; break ;;
        -*) usage ;;
        *)
            [ -e "$1" ] || { echo "check.sh: $1 is not there" >&2; exit 2; }
            printf '%s\n' "$1" >>"$work/folders"
            shift
            ;;
    esac
done
[ -s "$work/folders" ] || usage
# Now "$@" are more arguments of plan; the folders join them.
while IFS= read -r folder; do set -- "$@" -f "$folder"; done <"$work/folders"

# The documents of a manifest on standard input, one a line: kind, and namespace/name; ? for one that is not understood.
documents() {
    awk '
        function value(text) {
            sub(/^[^:]*:[ \t]*/, "", text); sub(/[ \t]+#.*$/, "", text); sub(/[ \t\r]+$/, "", text)
            gsub(/^["\047]|["\047]$/, "", text)
            return text
        }
        function flow(text, key) {
            if (!match(text, "[{,][ \t]*" key ":[ \t]*[^,}]*")) return ""
            return value(substr(text, RSTART, RLENGTH))
        }
        function tell() {
            if (seen) print (kind == "" || name == "" ? "?" : kind " " (space == "" ? "" : space "/") name)
            kind = name = space = ""; seen = inside = indent = 0
        }
        /^---/ { tell(); next }
        /^[ \t]*(#|$)/ { next }
        { seen = 1 }
        /^kind:/ { kind = value($0); inside = 0; next }
        /^metadata:[ \t]*[{]/ { name = flow($0, "name"); space = flow($0, "namespace"); inside = 0; next }
        /^metadata:/ { inside = 1; indent = 0; next }
        /^[^ \t]/ { inside = 0 }
        inside && match($0, /[^ \t]/) {
            if (!indent) indent = RSTART
            if (RSTART == indent && $1 == "name:") name = value($0)
            if (RSTART == indent && $1 == "namespace:") space = value($0)
        }
        END { tell() }'
}

is_manifest() {
    case $1 in *.yaml | *.yml | *.json) return 0 ;; esac
    return 1
}

# Writes the names of changed connections to $work/changed, or `all`, and those that are gone to $work/gone.
compare() {
    from=$(git merge-base "$base" HEAD)
    : >"$work/now"
    : >"$work/before"
    : >"$work/touched"
    while IFS= read -r folder; do
        find "$folder" -type f \( -name '*.yaml' -o -name '*.yml' \) >"$work/paths"
        while IFS= read -r file; do documents <"$file" >>"$work/now"; done <"$work/paths"
        git diff --name-only --no-renames --relative "$from" -- "$folder" >>"$work/touched"
    done <"$work/folders"
    while IFS= read -r file; do
        if ! is_manifest "$file"; then
            echo '?' # a file source's data, say
            continue
        fi
        [ ! -f "$file" ] || documents <"$file"
        if git cat-file -e "$from:./$file" 2>/dev/null; then
            git show "$from:./$file" | documents | tee -a "$work/before"
        fi
    done <"$work/touched" >"$work/documents"
    if grep -qv '^ContactSyncConnection ' "$work/documents"; then
        echo all >"$work/changed" # a workspace or a Secret concerns every connection
    else
        sed -n 's/^ContactSyncConnection //p' "$work/documents" | sort -u >"$work/names"
        sed -n 's/^ContactSyncConnection //p' "$work/now" | sort -u >"$work/here"
        comm -12 "$work/names" "$work/here" >"$work/changed"
    fi
    sed -n 's/^ContactSyncConnection //p' "$work/now" | sort -u >"$work/here"
    sed -n 's/^ContactSyncConnection //p' "$work/before" | sort -u | comm -23 - "$work/here" >"$work/gone"
}

# A row for each connection of a plan in JSON on standard input: its counts, and nothing else of it.
rows() {
    awk '
        /^    "connection": "/ { name = $0; sub(/^[^:]*: "/, "", name); sub(/",?$/, "", name); counts = ""; read = scope = 0 }
        /^    "counts": [{]/ { inside = 1; next }
        inside && /^    }/ {
            inside = 0
            printf "| %s | %d | %d | %s |\n", name, read, scope, (counts == "" ? "nothing to do" : counts)
        }
        inside {
            key = $1; gsub(/[":]/, "", key); number = $2 + 0
            if (key == "read") read = number
            else if (key == "inScope") scope = number
            else if (key != "unchanged") counts = counts (counts == "" ? "" : ", ") key " " number
        }'
}

: >"$work/summary"
failed=0
while IFS= read -r folder; do printf '%s\0%s\0' -f "$folder"; done <"$work/folders" >"$work/files"
if xargs -0 "$program" validate <"$work/files" >"$work/told" 2>&1; then
    printf '**contactsync: the manifests are valid**\n' >>"$work/summary"
else
    failed=2
    printf '**contactsync: the manifests are not valid**\n' >>"$work/summary"
fi
{ printf '\n```text\n'; cat "$work/told"; printf '```\n'; } >>"$work/summary"

echo all >"$work/changed"
: >"$work/gone"
[ -z "$base" ] || compare

while IFS= read -r name; do
    printf '\n**%s is removed.** Where deleted resources are pruned, its `deletionPolicy` decides what becomes of its contacts.\n' \
        "$name" >>"$work/summary"
done <"$work/gone"

if [ "$failed" = 0 ] && [ "$plan" = yes ]; then
    if [ ! -s "$work/changed" ]; then
        printf '\nNo connection changed: nothing was planned.\n' >>"$work/summary"
    else
        if [ "$(cat "$work/changed")" != all ]; then
            while IFS= read -r name; do set -- "$@" --connection "$name"; done <"$work/changed"
        fi
        status=0
        "$program" plan -o json "$@" >"$work/plan" 2>"$work/told" || status=$?
        rows <"$work/plan" >"$work/rows"
        if [ -s "$work/rows" ]; then
            printf '\n| connection | read | in scope | merging would do |\n| --- | --- | --- | --- |\n'
            cat "$work/rows"
        fi >>"$work/summary"
        if grep -q '"held": [1-9]' "$work/plan"; then
            printf '\n`held`: changes that somebody has to approve, and removals that this check cannot count against the last 24 hours.\n' \
                >>"$work/summary"
        fi
        if [ "$status" -gt 1 ]; then
            failed=2
            { printf '\n**The plan could not be made**\n\n```text\n'; grep '^error' "$work/told" || true; printf '```\n'; } >>"$work/summary"
        fi
    fi
fi

if [ -n "$summary" ]; then cat "$work/summary" >"$summary"; else cat "$work/summary"; fi
exit "$failed"
