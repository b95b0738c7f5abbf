# --- one step ------------------------------------------------------------------------------------------------------

# Ends a step's attempt: RESULT, and what is to be said about it.
end() { RESULT=$1 DETAIL=$2; }

# From what an answer means to how the attempt ends.
judge() {
    RETRY=no
    case $MEANING in
        unreachable) end unreachable "$SITE_NAME cannot be reached ($(words))"; RETRY=yes ;;
        lost) end unavailable "no answer from $SITE_NAME ($(words))"; RETRY=yes ;;
        unavailable) end unavailable "$SITE_NAME cannot answer for now: $(words)"; RETRY=yes ;;
        busy) end unavailable "$SITE_NAME stayed busy: $(words)" ;;
        not_found) end unavailable "not found at $SITE_NAME: $(words)" ;;
        refused) end unavailable "$SITE_NAME refuses: $(words)" ;;
        denied) end invalid "$SITE_NAME denies it: $(words)" ;;
        no_service) end unavailable "$SITE_NAME has no such service" ;;
        invalid | configuration | malformed) end invalid "$SITE_NAME: $(words)" ;;
        *) end invalid "$SITE_NAME: the answer \`$MEANING\` was not expected" ;;
    esac
    case $MEANING in
        configuration | no_service) ;;
        *) [ ! -s "$W/asked" ] || DETAIL="$DETAIL [$(cat "$W/asked")]" ;;
    esac
}

# step NUMBER: does it, with its attempts. Sets RESULT, EFFECT and DETAIL.
run_step() {
    STEP=$1
    about_"$STEP"
    CREATED=no EFFECT='' DETAIL=''
    SCOPE_CONTENT='' SCOPE_KEY="$DEPLOYMENT/$KEY" SCOPE_MARK="scope:$DEPLOYMENT/$NAME@$PLACE"
    attempt=1
    eval "[ \"\${down_$AT:-no}\" = no ]" || TRIES=1
    # The time is for all attempts together.
    DEADLINE=$(($(now) + PATIENCE))
    while :; do
        RETRY=no RESULT=''
        rm -f -- "$W/inputs" "$W/set" "$W/known" "$W/changes" "$W/filter" "$W/source" "$W/value" "$W/asked"
        type_"$TYPE"
        enter "$AT" "$DRIVER"
        if [ "$MEANING" = ok ]; then "step_$STEP"; else judge; fi
        [ "$RETRY" = yes ] && [ "$attempt" -lt "$TRIES" ] && [ $(($(now) + BACKOFF)) -lt "$DEADLINE" ] || break
        debug "$NAME: attempt $attempt: $DETAIL"
        sleep "$BACKOFF"
        BACKOFF=$((BACKOFF * 2))
        attempt=$((attempt + 1))
    done
    if [ "$RESULT" = unreachable ]; then
        eval "down_$AT=yes cut_$STEP=yes"
        case $ON_UNREACHABLE in
            queue) RESULT=pending ;;
            skip) RESULT=skipped ;;
            *) RESULT=unavailable ;;
        esac
    else
        eval "down_$AT=no"
    fi
    if [ "$RESULT" = 'done' ]; then
        keep_output
    fi
    if [ "$CREATED" != no ]; then
        eval "created_$STEP=$CREATED"
        js part SCOPE_KNOWN "$IDENTITY" >"$W/created.$STEP"
        [ ! -f "$W/inputs" ] || cp -- "$W/inputs" "$W/created.$STEP.inputs"
    fi
}

# The step's output, for the steps that use it.
keep_output() {
    [ -f "$W/output.$STEP" ] || { js output_of_step >/dev/null && mv -- "$W/value" "$W/output.$STEP"; }
    eval "export SCOPE_OUTPUT_$STEP=\"\$W/output.$STEP\""
}

learn() { js learnt >/dev/null; }
identity() { js part SCOPE_KNOWN "$IDENTITY"; }

# Reads the resource of which the identity is known.
read_again() {
    if [ -z "$READ" ]; then
        MEANING=ok
        return 0
    fi
    ask "$READ"
    case $MEANING in found | done) learn; MEANING=ok ;; gone) MEANING=not_found ;; esac
}

# Finds the resource that the inputs name: by the identity an earlier run recorded, by name, by the identity that the
# program gives. FOUND is `recorded`, `ours`, `one`, `several`, `none`, or `failed` with MEANING.
locate() {
    FOUND=none
    recorded=$(recall resource "$NAME" "$SITE_NAME" "$TYPE_NAME")
    if [ -n "$recorded" ] && [ -n "$READ" ]; then
        js identified "$IDENTITY" "${recorded#* }" >/dev/null
        read_again
        case $MEANING in
            ok) FOUND=recorded; return 0 ;;
            not_found) forget resource "$NAME" "$SITE_NAME" "$TYPE_NAME"; recorded='' ;;
            *) FOUND=failed; return 0 ;;
        esac
        rm -f -- "$W/known"
    fi
    if [ -n "$FIND" ] && { [ -z "$NAMED_BY" ] || [ -n "$(js part SCOPE_INPUTS "$NAMED_BY")" ]; }; then
        ask "$FIND"
        case $MEANING in
            list | found | done) FOUND=$(js chosen "${NAMED_BY:+1}" "$NAMED_BY" "$IDENTITY" "$MARK_PATH") ;;
            not_found | gone) FOUND=none ;;
            *) FOUND=failed; return 0 ;;
        esac
    fi
    if [ "$FOUND" = none ] && [ -n "$READ" ]; then
        given=$(js part SCOPE_INPUTS "$IDENTITY")
        if [ -n "$given" ]; then
            js identified "$IDENTITY" "$given" >/dev/null
            read_again
            case $MEANING in
                ok) FOUND=$(js whose "$MARK_PATH"); return 0 ;;
                not_found) rm -f -- "$W/known" ;;
                *) FOUND=failed; return 0 ;;
            esac
        fi
    fi
    case $FOUND in
        ours | one)
            cp -- "$W/words" "$W/candidates"
            read_again
            case $MEANING in
                ok) cp -- "$W/candidates" "$W/words" ;;
                not_found) FOUND=none; rm -f -- "$W/known" ;;
                *) FOUND=failed ;;
            esac
            ;;
    esac
}

# Waits until the resource may be used. Sets MEANING to `ok`, `broken` or `late`, or to what is wrong.
wait_ready() {
    ready=$1 within=$2 every=$3
    MEANING=ok
    [ -n "$ready" ] || return 0
    until=$(($(now) + within))
    [ "$until" -le "$DEADLINE" ] || until=$DEADLINE
    last=''
    while :; do
        if [ "$(js "$ready")" = yes ]; then MEANING=ok; return 0; fi
        if [ -n "$BROKEN" ] && [ "$(js "$BROKEN")" = yes ]; then MEANING=broken; return 0; fi
        if [ "$(now)" -ge "$until" ]; then MEANING=late; return 0; fi
        status=$(js part SCOPE_KNOWN status)
        [ "$status" = "$last" ] || debug "$SITE_NAME: $NAME waits until ready (${status:-?})"
        last=$status
        sleep "$every"
        read_again
        case $MEANING in ok | unreachable | lost | unavailable | busy) ;; *) return 0 ;; esac
    done
}

judge_ready() {
    case $MEANING in
        broken) end unavailable "$SITE_NAME: it is broken: $(words)"; RETRY=yes ;;
        late) end unavailable "it was not ready in time ($(js part SCOPE_KNOWN status))" ;;
        *) judge ;;
    esac
}

# What follows a creation: content, readiness. Sets MEANING as wait_ready does.
make_complete() {
    for follow in $AFTERS; do
        [ "$(js "when_$follow")" = yes ] || continue
        ask "$follow"
        case $MEANING in
            done | found | exists) learn ;;
            *) return 0 ;;
        esac
    done
    if [ -n "$AFTERS" ]; then
        read_again
        [ "$MEANING" = ok ] || return 0
    fi
    wait_ready "$READY" "${READY_WITHIN:-$READY_SECONDS}" "$READY_EVERY"
}

# Creates the resource of the inputs, with our mark. Ends the attempt unless all is well (RESULT stays empty).
create() {
    [ -n "$CREATE" ] || { end invalid "\`$TYPE_NAME\` cannot be created"; return 0; }
    js marked "$MARK_PATH" >/dev/null
    ask "$CREATE"
    case $MEANING in
        done | found) learn ;;
        exists)
            # One of this identity or name is there: perhaps an attempt of ours whose answer was lost.
            if [ "$attempt" -gt 1 ] || [ -n "$(recall sent "$KEY")" ]; then
                locate
            else
                locate
                case $FOUND in ours | recorded) ;; *) FOUND=other ;; esac
            fi
            case $FOUND in
                ours | recorded | one) ;;
                failed) judge; return 0 ;;
                *) end invalid "$SITE_NAME has one of this name or identity already, without this program's mark"; return 0 ;;
            esac
            ;;
        lost)
            operation_"$CREATE"
            CREATED=maybe
            if [ "$REPEAT" = none ]; then
                end unknown "it was asked for, but the answer was lost, and asking again is not safe"
                return 0
            fi
            remember yes sent "$KEY"
            sleep "$SETTLES"
            judge
            return 0
            ;;
        *) judge; return 0 ;;
    esac
    CREATED=yes
    forget sent "$KEY"
    if [ -z "$(identity)" ]; then
        locate
        case $FOUND in failed) judge; return 0 ;; none | several) end invalid "$SITE_NAME does not say what it created"; return 0 ;; esac
    fi
    remember "started $(identity)" resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
    make_complete
    [ "$MEANING" = ok ] || { judge_ready; return 0; }
    remember "$1 $(identity)" resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
}

# Deletes the resource of which the identity is known, and waits until it is gone. MEANING is `gone` if all is well.
remove() {
    [ -n "$DELETE" ] || { MEANING=configuration; printf '%s cannot be deleted' "$TYPE_NAME" >"$W/words"; return 0; }
    ask "$DELETE"
    case $MEANING in
        gone | not_found | done) ;;
        *) return 0 ;;
    esac
    n=0
    while [ -n "$READ" ] && [ "$n" -lt 30 ]; do
        ask "$READ"
        case $MEANING in found | done) ;; *) break ;; esac
        n=$((n + 1))
        sleep 1
    done
    MEANING=gone
}
