# --- what is remembered between runs -----------------------------------------------------------------------------------

lock() {
    mkdir -p -- "$STATE" || refuse "the folder \`$STATE\` for the state cannot be made" "--state DIR"
    if ! mkdir -- "$STATE/lock" 2>/dev/null; then
        holder=$(cat -- "$STATE/lock/pid" 2>/dev/null || :)
        if [ -n "$holder" ] && kill -0 "$holder" 2>/dev/null; then
            tell "error: another run (process $holder) holds \`$STATE\`"
            exit 5
        fi
        rm -rf -- "$STATE/lock"
        mkdir -- "$STATE/lock" || refuse "the state is held by another run"
    fi
    LOCKED=yes
    echo $$ >"$STATE/lock/pid"
    [ -f "$STATE/records" ] || : >"$STATE/records"
    [ -n "$DEPLOYMENT" ] || DEPLOYMENT=$(recall deployment)
    [ -n "$DEPLOYMENT" ] || DEPLOYMENT=$(random)
    remember "$DEPLOYMENT" deployment
}

# recall KIND PARTS…: what was remembered under these words, or nothing. Records are lines with tabs, the value last.
recall() {
    key=$(record_key "$@")
    SCOPE_RECORD_KEY=$key awk 'index($0, ENVIRON["SCOPE_RECORD_KEY"] "\t") == 1 {
        found = substr($0, length(ENVIRON["SCOPE_RECORD_KEY"]) + 2) } END { printf "%s", found }' "$STATE/records"
}

# remember VALUE KIND PARTS…
remember() {
    remembered=$1
    shift
    key=$(record_key "$@")
    without_record "$key" >"$STATE/records.new"
    printf '%s\t%s\n' "$key" "$remembered" >>"$STATE/records.new"
    mv -f -- "$STATE/records.new" "$STATE/records"
}

forget() {
    without_record "$(record_key "$@")" >"$STATE/records.new"
    mv -f -- "$STATE/records.new" "$STATE/records"
}

without_record() {
    SCOPE_RECORD_KEY=$1 awk 'index($0, ENVIRON["SCOPE_RECORD_KEY"] "\t") != 1' "$STATE/records"
}

record_key() {
    joined=$1
    shift
    for word in "$@"; do joined="$joined/$(printf '%s' "$word" | tr '\t\n/' '   ')"; done
    printf '%s' "$joined"
}
