# --- asking a site -------------------------------------------------------------------------------------------------

# Turns to a site, with one of its drivers: its settings and a session. Sets MEANING to `ok` or to what is wrong.
enter() {
    SITE=$1 DRIVER=$2
    site_"$SITE"
    driver_"$DRIVER"
    SCOPE_SITE=$W/site.$SITE.$DRIVER SCOPE_SESSION=''
    MEANING=ok
    if [ ! -f "$SCOPE_SITE" ]; then
        MEANING=$(js "site_${SITE}_$DRIVER")
        [ "$MEANING" = ok ] || return 0
        mv -- "$W/value" "$SCOPE_SITE"
    fi
    [ -n "$LOGIN" ] || return 0
    SCOPE_SESSION=$W/session.$SITE.$DRIVER
    [ ! -f "$SCOPE_SESSION" ] || return 0
    if [ -f "$SCOPE_SESSION.denied" ]; then
        # Credentials that were refused are not tried again: that locks accounts.
        cp -- "$SCOPE_SESSION.denied" "$W/words"
        MEANING=denied
        return 0
    fi
    log_in
}

log_in() {
    session=$SCOPE_SESSION
    SCOPE_SESSION=''
    debug "$SITE_NAME: log in"
    request "$LOGIN"
    SCOPE_SESSION=$session
    case $MEANING in
        done | found)
            mv -- "$W/value" "$SCOPE_SESSION"
            MEANING=ok
            ;;
        reauthenticate | denied)
            MEANING=denied
            cp -- "$W/words" "$SCOPE_SESSION.denied"
            ;;
        list | exists | gone | content)
            MEANING=malformed
            printf 'a login must be answered with a session' >"$W/words"
            ;;
    esac
}

# ask OPERATION: one operation at the site and with the driver that were entered, all pages of it. Sets MEANING; the value
# or the site's words are in their files.
ask() {
    rm -f -- "$W/list"
    pages=0 busy_pause=1
    SCOPE_PAGE=''
    relogin=yes
    while :; do
        request "$1"
        if [ "$MEANING" = busy ] && [ $(($(now) + busy_pause)) -lt "$DEADLINE" ]; then
            # In transition: asked again within the time-out.
            sleep "$busy_pause"
            [ "$busy_pause" -ge 5 ] || busy_pause=$((busy_pause + 1))
            continue
        fi
        if [ "$MEANING" = reauthenticate ]; then
            if [ "$relogin" = no ] || [ -z "$LOGIN" ]; then
                MEANING=denied
                return 0
            fi
            relogin=no
            rm -f -- "$SCOPE_SESSION"
            log_in
            [ "$MEANING" = ok ] || return 0
            continue
        fi
        [ "$MEANING" = list ] || break
        count=$(js with_page)
        SCOPE_PAGE=''
        [ "$HAS_PAGES" = no ] || SCOPE_PAGE=$(js "page_$1" "$STATUS")
        [ -n "$SCOPE_PAGE" ] || break
        pages=$((pages + 1))
        if [ "$pages" -gt 1000 ] || [ "$count" -gt 100000 ]; then
            MEANING=malformed
            printf 'the list is too long' >"$W/words"
            break
        fi
    done
    SCOPE_PAGE=''
    [ "$MEANING" != list ] || mv -f -- "$W/list" "$W/value"
}

# request OPERATION: one request and what its answer means.
request() {
    operation_"$1"
    SCOPE_BY=$BY
    : >"$W/words"
    rm -f -- "$W/value"
    MEANING=$(js "request_$1") || MEANING=configuration
    [ "$MEANING" = ok ] || return 0
    debug "$SITE_NAME: $(cat "$W/asked")"
    if [ "$BY" = exec ]; then run_command; else send; fi
    [ -n "$MEANING" ] || MEANING=$(js "answer_$1" "$STATUS") || MEANING=malformed
    debug "$SITE_NAME: $STATUS, $MEANING"
}

send() {
    : >"$W/body"
    : >"$W/headers"
    left=$((DEADLINE - $(now)))
    [ "$left" -ge 1 ] || left=1
    failure=0
    if [ "$IS_LONG" = yes ]; then
        # Content streams as long as it flows.
        set -- --speed-limit 1 --speed-time 60
    else
        [ "$left" -le 60 ] || left=60
        set -- --max-filesize 67108864
    fi
    sent=$(curl -q --silent --show-error --globoff --proto '=http,https' --connect-timeout 10 --max-time "$left" "$@" \
        --config "$W/curl" --dump-header "$W/headers" --output "$W/body" --write-out '%{http_code} %{time_connect}' 2>"$W/errors") || failure=$?
    rm -f -- "$W/curl" "$W/request"
    STATUS=${sent%% *}
    MEANING=''
    case $failure in
        0) return 0 ;;
        5 | 6 | 7 | 35 | 60 | 97) MEANING=unreachable ;;
        1 | 2 | 3 | 26 | 27 | 37 | 43 | 58 | 77) MEANING=configuration ;;
        8 | 63) MEANING=malformed ;;
        28) case ${sent##* } in 0 | 0.000* | 0,000* | '') MEANING=unreachable ;; *) MEANING=lost ;; esac ;;
        *) MEANING=lost ;;
    esac
    sed -e 's/^curl: ([0-9]*) *//' -e 1q "$W/errors" >"$W/words"
}

# A command of the driver: with a small environment of its own, in the program's folder, never through a shell's eyes.
run_command() {
    : >"$W/headers"
    [ -f "$W/request" ] || : >"$W/request"
    STATUS=0
    (
        cd -- "$FILES" || exit 126
        exec env -i PATH="$PATH" HOME="${HOME:-/}" TMPDIR="${TMPDIR:-/tmp}" LANG="${LANG:-C}" sh -- "$W/command"
    ) <"$W/request" >"$W/body" 2>"$W/errors" &
    running=$!
    left=$((DEADLINE - $(now)))
    [ "$left" -ge 1 ] || left=1
    ( sleep "$left"; kill "$running" 2>/dev/null ) >/dev/null 2>&1 &
    watcher=$!
    wait "$running" || STATUS=$?
    kill "$watcher" 2>/dev/null || :
    wait "$watcher" 2>/dev/null || :
    rm -f -- "$W/command" "$W/request" "$W"/file.*
    MEANING=''
    case $STATUS in
        126 | 127) MEANING=configuration; cp -- "$W/errors" "$W/words" ;;
        143) MEANING=lost; printf 'the command did not end within %s s' "$left" >"$W/words" ;;
    esac
}
